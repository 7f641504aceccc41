/* Statistics, timelines and traces: times and counts add up under every schedule, and files are
 * well-formed. */
#include "documents.h"
#include "suites.h"
#include "traces.h"

#include "base/clock.h"
#include "observe/escape.h"
#include "observe/human_numbers.h"
#include "observe/progress_format.h"
#include "observe/recorder.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ITEMS = 3000
};

static volatile double spent;

static int work_a_little(rp_task *task, const void *in, void *out)
{
    (void)in;
    spent = 0;
    for (int i = 0; i < 2000; i++)
        spent += i;
    *(int64_t *)out = rp_task_item(task);
    return 0;
}

static void run_map(rp_pool *pool, rp_schedule schedule)
{
    static int64_t out[ITEMS];
    rp_map_job job = {.n = ITEMS,
                      .item = work_a_little,
                      .out = out,
                      .out_size = sizeof out[0],
                      .options = {.schedule = schedule, .name = "a \"map\" <of> & 'many'"}};
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

static void run_loop(rp_pool *pool, int64_t n)
{
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, n, &(rp_options){.name = "loop"}, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep(100);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
}

static int produce(void *user, rp_buffer *item)
{
    int64_t *made = user;
    return *made < 500 && rp_buffer_append(item, made, sizeof *made) == 0 && ++*made > 0;
}

static int work(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t out;
    work_a_little(task, NULL, &out);
    return rp_buffer_append(result, in, bytes);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user, (void)data, (void)bytes;
    ck_assert_msg(error == NULL, "item %" PRId64, item);
    return 0;
}

static void run_stream(rp_pool *pool)
{
    int64_t made = 0;
    rp_stream_job job = {.produce = produce,
                         .work = work,
                         .consume = consume,
                         .options = {.user = &made, .name = "stream"}};
    rp_status status = rp_stream(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void check_rank(const rp_rank_stats *figures, int rank)
{
    double sum = figures->working + figures->communicating + figures->scheduling +
                 figures->waiting + figures->application;
    ck_assert_int_eq(figures->rank, rank);
    ck_assert_msg(fabs(sum - figures->seconds) <= 0.01 * figures->seconds, "rank %d: %g s of %g s",
                  rank, sum, figures->seconds);
    ck_assert_double_ge(figures->application, -0.01 * figures->seconds);
    ck_assert_int_ge(figures->chunks, figures->items > 0);
    ck_assert_int_le(figures->chunks, figures->items);
}

static void check_figures(rp_pool *pool, int64_t items, int64_t jobs)
{
    int ranks = world_ranks();
    rp_pool_stats all;
    rp_rank_stats *each = calloc((size_t)ranks, sizeof *each);
    int64_t sum = 0, chunks = 0;
    ck_assert_int_eq(rp_stats(pool, &all, each), RP_OK);
    for (int rank = 0; rank < ranks; rank++) {
        check_rank(&each[rank], rank);
        sum += each[rank].items;
        chunks += each[rank].chunks;
    }
    ck_assert_int_eq(sum, items);
    ck_assert_int_eq(all.items, items);
    ck_assert_int_eq(all.chunks, chunks);
    ck_assert_int_eq(all.jobs, jobs);
    ck_assert_int_eq(all.ranks, ranks);
    ck_assert_int_eq(all.nodes, rp_nodes(pool));
    ck_assert(0 < all.load_balance && all.load_balance <= 1.0000001);
    ck_assert(0 < all.communication_efficiency && all.communication_efficiency <= 1.01);
    ck_assert_double_le(
        fabs(all.parallel_efficiency - all.load_balance * all.communication_efficiency), 1e-9);
    ck_assert_int_gt(all.slow, 0);
    for (int i = 1; i < all.slow; i++)
        ck_assert(all.slowest[i].seconds <= all.slowest[i - 1].seconds);
    free(each);
}

START_TEST(figures_add_up)
{
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
            ck_assert_int_eq(rp_record_start(pool), RP_OK);
            run_map(pool, (rp_schedule)schedule);
            run_loop(pool, 100);
            check_figures(pool, ITEMS + 100, 2);
            run_map(pool, (rp_schedule)schedule);
            check_figures(pool, 2 * ITEMS + 100, 3);
            run_stream(pool);
            check_figures(pool, 2 * ITEMS + 600, 4);
        }
        close_pool(pool);
    }
}
END_TEST

/* ---- worklists ------------------------------------------------------------------------------- */

static int split(rp_task *task, const void *item, void *result)
{
    int64_t half = *(const int64_t *)item / 2, out;
    work_a_little(task, NULL, &out);
    ++*(int64_t *)result;
    int code = half > 0 ? rp_task_add(task, &half) : 0;
    return half > 0 && code == 0 ? rp_task_add(task, &half) : code;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

/* Only the root has items at first, so another rank with items has stolen. */
START_TEST(steals_of_a_worklist)
{
    const int64_t seed = 2048, zero = 0;
    int64_t items = 0;
    rp_pool *pool = open_pool();
    int ranks = world_ranks();
    rp_rank_stats *each = calloc((size_t)ranks, sizeof *each);
    rp_worklist_job job = {.seeds = &seed,
                           .n = 1,
                           .item_size = sizeof seed,
                           .work = split,
                           .combine = add,
                           .identity = &zero,
                           .result = &items,
                           .result_size = sizeof items};
    if (rp_nodes(pool) == 1) {
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
        check_figures(pool, items, 1);
        ck_assert_int_eq(rp_stats(pool, &(rp_pool_stats){0}, each), RP_OK);
        for (int rank = 1; rank < ranks; rank++)
            ck_assert(each[rank].items == 0 || each[rank].steals > 0);
    }
    free(each);
    close_pool(pool);
}
END_TEST

START_TEST(only_what_is_recorded_is_told)
{
    rp_pool *pool = open_pool();
    rp_pool_stats all;
    ck_assert_int_eq(rp_stats(pool, &all, NULL), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_timeline(pool, "/dev/null"), RP_ERR_STATE);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    ck_assert_int_eq(rp_timeline(pool, NULL), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_timeline(pool, "timeline.png"), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_trace(pool, "trace.svg"), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_stats_write(pool, "stats.html"), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_trace(pool, "/no/such/directory/file"), RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    run_loop(pool, 10);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    run_loop(pool, 10);
    ck_assert_int_eq(rp_stats(pool, &all, NULL), RP_OK);
    ck_assert_int_eq(all.items, 10);
    close_pool(pool);
}
END_TEST

START_TEST(what_is_told_after_the_end_agrees)
{
    rp_pool *pool = open_pool();
    rp_pool_stats first, second;
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    run_loop(pool, 1000);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    ck_assert_int_eq(rp_stats(pool, &first, NULL), RP_OK);
    ck_assert_int_eq(rp_timeline(pool, "/dev/null"), RP_OK);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    ck_assert_int_eq(rp_stats(pool, &second, NULL), RP_OK);
    ck_assert(fabs(second.seconds - first.seconds) < 0.01); /* node clocks are compared again */
    ck_assert_int_eq(second.items, first.items);
    ck_assert_int_eq(second.bytes, first.bytes);
    ck_assert_int_eq(second.messages, first.messages);
    close_pool(pool);
}
END_TEST

/* Two of the program's own loops, the second left early. */
START_TEST(own_loops_count_as_work)
{
    rp_pool *pool = open_pool();
    rp_pool_stats all;
    rp_rank_stats each[64];
    ck_assert_int_le(rp_ranks(pool), 64);
    ck_assert_int_eq(rp_progress_set(NULL, NULL, 0, 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_progress_set(pool, NULL, -1, 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    for (int64_t step = 0; step <= 5; step++) {
        ck_assert_int_eq(rp_progress_set(pool, "steps", step, 5), RP_OK);
        if (step < 5)
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
    }
    run_loop(pool, 10);
    ck_assert_int_eq(rp_progress_set(pool, "steps", 0, 100), RP_OK);
    ck_assert_int_eq(rp_progress_set(pool, "steps", 7, 100), RP_OK);
    ck_assert_int_eq(rp_progress_set(pool, NULL, 0, 0), RP_OK);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    ck_assert_int_eq(rp_stats(pool, &all, each), RP_OK);
    ck_assert_int_eq(all.items, 12 * rp_ranks(pool) + 10);
    for (int rank = 0; rank < rp_ranks(pool); rank++)
        ck_assert(each[rank].working >= 0.009);
    close_pool(pool);
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

/* One value from every rank, on the root; NULL elsewhere. */
static double *gather(double mine)
{
    double *all = world_rank() == 0 ? calloc((size_t)world_ranks(), sizeof *all) : NULL;
    MPI_Gather(&mine, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    return all;
}

START_TEST(the_trace_nests_adds_up_and_tells_every_item_once)
{
    static const int64_t items[] = {ITEMS, 1000, 500, ITEMS};
    for (int node_size = 0; node_size <= 2; node_size += 2) {
        char path[64];
        double moments[4];
        rp_pool *pool = open_nodes(node_size);
        root_path(path, ".json");
        moments[0] = rpi_clock_seconds();
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        moments[1] = rpi_clock_seconds();
        run_map(pool, RP_SCHEDULE_DYNAMIC);
        run_loop(pool, items[1]);
        run_stream(pool);
        run_map(pool, RP_SCHEDULE_ADAPTIVE);
        moments[2] = rpi_clock_seconds();
        ck_assert_int_eq(rp_trace(pool, path), RP_OK);
        moments[3] = rpi_clock_seconds();
        double *least = gather(moments[2] - moments[1]), *most = gather(moments[3] - moments[0]);
        char *text = take_root_file(path);
        if (text != NULL)
            check_trace(text, &(struct recording){items, 4, least, most});
        free(text);
        free(least);
        free(most);
        close_pool(pool);
    }
}
END_TEST

START_TEST(pictures_are_well_formed)
{
    static const char *const suffixes[] = {".svg", ".html"};
    rp_pool *pool = open_nodes(2);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    for (int round = 0; round < 2; round++) {
        char path[64];
        root_path(path, suffixes[round]);
        ck_assert_int_eq(rp_timeline(pool, path), RP_OK);
        char *text = take_root_file(path);
        if (text != NULL) {
            char *svg = strstr(text, "<svg");
            ck_assert_ptr_nonnull(svg);
            ck_assert(round == 1 || svg == text);
            svg[strlen(svg) - (round == 1 ? strlen("</html>\n") : 0)] = '\0';
            ck_assert(document_is_balanced_xml(svg));
            ck_assert_ptr_nonnull(strstr(svg, ">rank 0<"));
            /* The second timeline has the jobs of the first round, whose name is escaped. */
            ck_assert(round == 0 || strstr(svg, "a &quot;map&quot; &lt;of&gt; &amp;") != NULL);
        }
        free(text);
        run_map(pool, RP_SCHEDULE_ADAPTIVE);
    }
    close_pool(pool);
}
END_TEST

START_TEST(figures_as_json)
{
    char path[64];
    rp_pool *pool = open_pool();
    root_path(path, ".json");
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    run_map(pool, RP_SCHEDULE_GUIDED);
    ck_assert_int_eq(rp_stats_write(pool, path), RP_OK);
    char *text = take_root_file(path);
    ck_assert(text == NULL || document_is_json(text));
    ck_assert(text == NULL || strstr(text, "\"items\": 3000") != NULL);
    free(text);
    close_pool(pool);
}
END_TEST

/* Names with arbitrary bytes: truncated UTF-8, Latin-1, control characters, quotes, tags,
 * noncharacters, and very long ones. */
static const char *const odd_names[] = {
    "caf\xc3",
    "caf\xe9 \xff\xfe\x80\x80",
    "\x01\x02\x1b[31m\x7f\t\n\r",
    "\"'\\</title></text><script>&amp;]]>%s%n",
    "\xe2\x80\xa8 \xe2\x80\xa9 \xef\xbf\xbe \xef\xbf\xbf",
    "\xed\xa0\x80 \xc0\xaf \xf0\x80\x80\x80 \xf4\x90\x80\x80 \xfc",
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"};

static void check_documents(rp_pool *pool, const char *name)
{
    static rp_status (*const tellers[])(rp_pool *, const char *) = {rp_stats_write, rp_trace,
                                                                    rp_timeline};
    static const char *const suffixes[] = {".json", ".json", ".svg"};
    for (int i = 0; i < 3; i++) {
        char path[64];
        root_path(path, suffixes[i]);
        ck_assert_int_eq(tellers[i](pool, path), RP_OK);
        char *text = take_root_file(path);
        if (text != NULL)
            ck_assert_msg(i < 2 ? document_is_json(text) : document_is_balanced_xml(text),
                          "%s of a job named '%s'", suffixes[i], name);
        free(text);
    }
}

START_TEST(names_of_any_bytes)
{
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof odd_names / sizeof odd_names[0]; i++) {
        rp_loop *loop;
        rp_range range;
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        ck_assert_int_eq(rp_loop_open(pool, 10, &(rp_options){.name = odd_names[i]}, &loop), RP_OK);
        while (rp_loop_next(loop, &range))
            usleep(1000);
        ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
        check_documents(pool, odd_names[i]);
    }
    close_pool(pool);
}
END_TEST

/* The text that JSON and XML get, character by character. */
START_TEST(strings_are_escaped)
{
    static const char *const rows[][3] = {
        {"a\"\\b", "\"a\\\"\\\\b\"", "a&quot;\\b"},
        {"\x01\n", "\"\\u0001\\u000a\"", "\xef\xbf\xbd "},
        {"\xc3\xa9", "\"\xc3\xa9\"", "\xc3\xa9"},
        {"\xe9", "\"\xef\xbf\xbd\"", "\xef\xbf\xbd"},
        {"\xe2\x80\xa8", "\"\\u2028\"", "\xe2\x80\xa8"},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80"},
        {"\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x7f", "\"\\u007f\"", "\xef\xbf\xbd"},
        {"<'&>", "\"<'&>\"", "&lt;&#39;&amp;&gt;"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;
        size_t length;
        FILE *file = open_memstream(&text, &length);
        rpi_json_string(file, rows[i][0]);
        fputc(' ', file);
        rpi_xml_text(file, rows[i][0]);
        fclose(file);
        size_t json = strlen(rows[i][1]);
        ck_assert_msg(strncmp(text, rows[i][1], json) == 0 && text[json] == ' ' &&
                          strcmp(text + json + 1, rows[i][2]) == 0,
                      "row %zu: %s", i, text);
        free(text);
    }
}
END_TEST

START_TEST(json_has_no_word_for_what_is_not_finite)
{
    const double values[] = {1.5, NAN, INFINITY, -INFINITY, -0.25};
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    for (int i = 0; i < 5; i++) {
        rpi_json_number(file, values[i], 2);
        fputc(' ', file);
    }
    fclose(file);
    ck_assert_str_eq(text, "1.50 null null null -0.25 ");
    free(text);
}
END_TEST

/* ---- the recorder ---------------------------------------------------------------------------- */

START_TEST(memory_is_bounded_and_nothing_is_lost)
{
    struct recorder *recorder = rpi_recorder_make(64);
    double now = 100, claimed = 0;
    rpi_recorder_start(recorder, now);
    rpi_record_job(recorder, "many");
    for (int i = 0; i < 100000; i++) {
        double begin = now, waited = i % 7 == 0 ? 1e-4 : 0;
        now += waited + 1e-7;
        rpi_record_claim(recorder, begin, now, waited, 0, &(rp_range){i, i + 1});
        claimed += now - begin;
        now += i == 5000 ? 0.5 : 1e-5;
    }
    rpi_record_claim(recorder, now, now, 0, 0, NULL);
    struct rank_profile rank_profile = rpi_recorder_send(recorder, now);
    double sum = 0, mark = 100;
    int64_t items = 0;
    uint32_t chunks = 0;
    ck_assert_uint_le(rank_profile.events, 64);
    ck_assert_uint_ge(rank_profile.events, 16);
    for (uint32_t i = 0; i < rank_profile.events; i++) {
        const struct event *event = &recorder->events[i];
        ck_assert(event->begin >= mark && event->end >= event->begin);
        mark = event->end;
        items += event->items;
        chunks += event->chunks;
        sum += (double)event->seconds[WORKING];
    }
    ck_assert_int_eq(items, 100000);
    ck_assert_uint_eq(chunks, 100000);
    ck_assert_int_eq(rank_profile.figures.items, 100000);
    ck_assert_double_le(fabs(sum - (now - 100 - claimed)), 1e-3);
    ck_assert_double_le(fabs(rank_profile.figures.application), 1e-3);
    ck_assert_int_eq(rank_profile.slowest[0].first, 5000);
    rpi_recorder_drop(recorder);
}
END_TEST

static const struct test_case cases[] = {
    {"figures add up", &figures_add_up},
    {"steals of a worklist", &steals_of_a_worklist},
    {"only what is recorded is told", &only_what_is_recorded_is_told},
    {"what is told after the end agrees", &what_is_told_after_the_end_agrees},
    {"own loops count as work", &own_loops_count_as_work},
    {"the trace nests, adds up, and tells every item once",
     &the_trace_nests_adds_up_and_tells_every_item_once},
    {"pictures are well-formed", &pictures_are_well_formed},
    {"names of any bytes", &names_of_any_bytes},
    {"strings are escaped", &strings_are_escaped},
    {"JSON has no word for what is not finite", &json_has_no_word_for_what_is_not_finite},
    {"figures as JSON", &figures_as_json},
    {"memory is bounded and nothing is lost", &memory_is_bounded_and_nothing_is_lost},
    {NULL, NULL},
};
const struct test_group observe_tests = {"observe", cases};
