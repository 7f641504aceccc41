/* When the benchmarks have measured often enough (bench/sample.h), and what they make of several
 * launches (bench/launches.h). */
#include "launches.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

/* 1, 2 ... count. */
static struct estimate estimate_to(int count)
{
    double values[MOST_TIMES];
    for (int i = 0; i < count; i++)
        values[i] = i % 2 == 0 ? i + 1 : count - i + (count % 2 == 0);
    return estimate_of(values, count);
}

/* Ranks of the interval's ends as in tables of the sign test, 5 % on two sides. */
START_TEST(intervals_are_those_of_the_sign_test)
{
    static const struct {
        int count;
        double low, high;
        bool sure;
    } tables[] = {{1, 1, 1, false}, {5, 1, 5, false},  {6, 1, 6, true},   {8, 1, 8, true},
                  {9, 2, 8, true},  {20, 6, 15, true}, {50, 18, 33, true}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct estimate estimate = estimate_to(tables[i].count);
        ck_assert_double_eq(estimate.low, tables[i].low);
        ck_assert_double_eq(estimate.high, tables[i].high);
        ck_assert_double_eq(estimate.median, (tables[i].count + 1) / 2.0);
        ck_assert(estimate.sure == tables[i].sure);
    }
}
END_TEST

struct course {
    struct times ours, theirs;
    struct row row;
    struct rounds rounds;
    double now, stolen;
};

static void course_begin(struct course *course, double limit)
{
    *course = (struct course){.now = 1000};
    course->row = row_beside("a row", &course->ours, &course->theirs, 1);
    course->rounds = (struct rounds){.rows = &course->row, .count = 1, .limit = limit};
    ck_assert(rounds_decide(&course->rounds, course->now, course->stolen));
}

/* A round of a second in which the machine stole so many. Whether there is another. */
static bool course_round(struct course *course, double theirs, double stolen)
{
    times_add(&course->theirs, theirs);
    times_add(&course->ours, 1);
    course->now += 1;
    course->stolen += stolen;
    return rounds_decide(&course->rounds, course->now, course->stolen);
}

START_TEST(a_narrow_interval_ends_it)
{
    struct course course;
    course_begin(&course, 1000);
    for (int i = 0; i < 5; i++)
        ck_assert(course_round(&course, 2, 0));
    ck_assert(!course_round(&course, 2, 0));
    ck_assert_int_eq(course.rounds.kept, 6);
}
END_TEST

START_TEST(a_narrow_interval_waits_for_the_fewest_rounds)
{
    struct course course;
    course_begin(&course, 1);
    course.rounds.fewest = 9;
    for (int i = 0; i < 8; i++)
        ck_assert(course_round(&course, 2, 0));
    ck_assert(!course_round(&course, 2, 0));
    ck_assert_int_eq(course.rounds.kept, 9);
}
END_TEST

START_TEST(a_wide_interval_goes_on_to_the_limit)
{
    struct course course;
    int rounds = 1;
    course_begin(&course, 1000);
    while (course_round(&course, rounds % 2 == 0 ? 1 : 3, 0))
        rounds++;
    ck_assert_int_eq(rounds, MOST_ROUNDS);
    course_begin(&course, 10);
    for (rounds = 1; course_round(&course, rounds % 2 == 0 ? 1 : 3, 0);)
        rounds++;
    ck_assert_int_eq(rounds, 10);
}
END_TEST

/* The rounds of each of three passes, with a minute between them; how many are accepted in all. */
static int passes_of(struct course *course, double limit, double first, double second,
                     int rounds[static 3])
{
    *course = (struct course){.now = 1000};
    course->row = row_beside("a row", &course->ours, &course->theirs, 1);
    course->rounds = (struct rounds){.rows = &course->row, .count = 1, .limit = limit, .passes = 3};
    for (int pass = 1; pass <= 3; pass++) {
        course->rounds.pass = pass;
        int *count = &rounds[pass - 1];
        bool more = rounds_decide(&course->rounds, course->now, course->stolen);
        for (*count = 0; more; ++*count)
            more = course_round(course, *count % 2 == 0 ? first : second, 0);
        rounds_pause(&course->rounds);
        course->now += 60;
    }
    return course->rounds.kept;
}

START_TEST(passes_have_as_many_rounds_and_share_the_limit)
{
    struct course course;
    int rounds[3];
    ck_assert_int_eq(passes_of(&course, 1000, 2, 2, rounds), 18); /* narrow in the first pass */
    ck_assert_int_eq(rounds[0], 6);
    ck_assert_int_eq(rounds[1], 6);
    ck_assert_int_eq(passes_of(&course, 30, 1, 3, rounds), 30);
    ck_assert_int_eq(rounds[0], 10);
    ck_assert_int_eq(rounds[1], 10);
    ck_assert_int_eq(passes_of(&course, 2, 2, 2, rounds), 2); /* a round takes too long for each */
    ck_assert_int_eq(rounds[0], 1);
    ck_assert_int_eq(rounds[1], 0);
    ck_assert_int_eq(passes_of(&course, 0, 2, 2, rounds), 1);
    ck_assert_int_eq(passes_of(&course, 1000, 1, 3, rounds), MOST_ROUNDS);
    ck_assert_int_eq(rounds[2], MOST_ROUNDS / 3);
}
END_TEST

START_TEST(stolen_rounds_are_repeated)
{
    struct course course;
    course_begin(&course, 1000);
    for (int i = 0; i < 3; i++)
        ck_assert(course_round(&course, 2, 0));
    ck_assert(course_round(&course, 99, 0.5 * 1024));
    ck_assert_int_eq(course.ours.rounds, 3);
    ck_assert_int_eq(course.theirs.rounds, 3);
    ck_assert_int_eq(course.rounds.repeated, 1);
    for (int i = 0; i < 2; i++)
        ck_assert(course_round(&course, 2, 0));
    ck_assert(!course_round(&course, 2, 0));
    ck_assert_double_eq(course.theirs.seconds[3], 2);
    ck_assert(!course.rounds.disturbed);
}
END_TEST

START_TEST(stealing_for_ever_is_told)
{
    struct course course;
    int rounds = 1;
    course_begin(&course, 100);
    while (course_round(&course, 2, 1024) && rounds < 1000)
        rounds++;
    ck_assert_int_le(rounds, 100);
    ck_assert(course.rounds.disturbed);
    ck_assert_int_ge(course.rounds.repeated, 3);
}
END_TEST

/* What rounds_write() writes, to be freed. */
static char *written(const struct rounds *rounds)
{
    char *text;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    ck_assert_ptr_nonnull(file);
    rounds_write(rounds, file);
    fclose(file);
    return text;
}

/* What a launch with three rounds writes: a ratio whose median is so large, and as a figure a
 * hundred times that. */
static char *launch_written(double median)
{
    struct times ours = {.rounds = 0}, theirs = {.rounds = 0};
    struct row rows[] = {row_beside("ours, beside theirs", &ours, &theirs, 3),
                         row_of("theirs", &theirs, 250, "ns", 100)};
    for (int i = 0; i < 3; i++) {
        times_add(&ours, 1);
        times_add(&theirs, i == 1 ? 99 : median);
    }
    return written(&(struct rounds){.rows = rows, .count = 2});
}

static void launch(struct launches *launches, double median)
{
    char *text = launch_written(median);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        ck_assert(launches_add(launches, line));
    ck_assert(launches_end(launches));
    free(text);
}

static void check_written(const struct rounds *rounds, const char *expected)
{
    char *text = written(rounds);
    ck_assert_ptr_nonnull(strstr(text, expected));
    free(text);
}

START_TEST(an_interval_of_launches_contains_their_medians)
{
    static struct launches launches;
    struct rounds rounds = {.rows = launches.rows, .limit = 1000};
    ck_assert(rounds_decide(&rounds, 0, 0));
    for (int i = 1; i <= 6; i++) {
        launch(&launches, i);
        rounds.count = launches.count;
        ck_assert(rounds_decide(&rounds, i, 0));
    }
    ck_assert_int_eq(rounds.count, 2);
    check_written(&rounds,
                  "\"row\":\"ours, beside theirs\",\"unit\":\"times faster\",\"median\":3.5,"
                  "\"low\":1,\"high\":6,\"coverage\":0.95,\"runs\":6,\"rounds\":18,");
    check_written(&rounds, "\"goal\":3,\"met\":true,");
    check_written(&rounds, "\"row\":\"theirs\",\"unit\":\"ns\",\"median\":350,\"low\":100,"
                           "\"high\":600,\"coverage\":0.95,\"runs\":6,\"rounds\":18,");
    check_written(&rounds, "\"goal\":250,\"met\":false,");
}
END_TEST

START_TEST(launches_that_agree_end_it)
{
    static struct launches launches;
    struct rounds rounds = {.rows = launches.rows, .limit = 1000};
    ck_assert(rounds_decide(&rounds, 0, 0));
    for (int i = 1; i <= 6; i++) {
        launch(&launches, 2);
        rounds.count = launches.count;
        ck_assert(rounds_decide(&rounds, i, 0) == (i < 6));
    }
}
END_TEST

START_TEST(a_launch_has_the_rows_of_the_first)
{
    static struct launches launches;
    char *text = launch_written(1), *second = strchr(text, '\n') + 1;
    ck_assert(!launches_add(&launches, "no row"));
    ck_assert(!launches_end(&launches));
    launches = (struct launches){.count = 0};
    launch(&launches, 1);
    ck_assert(!launches_add(&launches, second));
    ck_assert(launches_add(&launches, text));
    ck_assert(!launches_end(&launches));
    launch(&launches, 1);
    ck_assert(launches_add(&launches, text));
    ck_assert(launches_add(&launches, second));
    ck_assert(!launches_add(&launches, second));
    free(text);
}
END_TEST

static const struct test_case cases[] = {
    {"intervals are those of the sign test", &intervals_are_those_of_the_sign_test},
    {"a narrow interval ends it", &a_narrow_interval_ends_it},
    {"a narrow interval waits for the fewest rounds",
     &a_narrow_interval_waits_for_the_fewest_rounds},
    {"a wide interval goes on to the limit", &a_wide_interval_goes_on_to_the_limit},
    {"passes have as many rounds, and share the limit",
     &passes_have_as_many_rounds_and_share_the_limit},
    {"stolen rounds are repeated", &stolen_rounds_are_repeated},
    {"stealing for ever is told", &stealing_for_ever_is_told},
    {"an interval of launches contains their medians",
     &an_interval_of_launches_contains_their_medians},
    {"launches that agree end it", &launches_that_agree_end_it},
    {"a launch has the rows of the first", &a_launch_has_the_rows_of_the_first},
    {NULL, NULL},
};
const struct test_group bench_sample_tests = {"bench_sample", cases};
