/* Progress reports of jobs, on a terminal and in a log. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include "observe/human_numbers.h"
#include "observe/progress_format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Columns that a text takes on a terminal. */
static int columns_of(const char *text)
{
    int columns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\x1b')
            text += strcspn(text, "m");
        else
            columns += (*text & 0xC0) != 0x80;
    }
    return columns;
}

START_TEST(a_bar_fits_its_terminal)
{
    struct progress_view view = {.name = "a rather long name of a job, in fact longer than most",
                                 .unit = "items",
                                 .total = 1e12,
                                 .seconds = 1e5,
                                 .rate = 123456,
                                 .busy = 511,
                                 .ranks = 512,
                                 .nodes = 16};
    for (int columns = 8; columns < 250; columns++) {
        for (int tenth = 0; tenth <= 10; tenth++) {
            char text[640];
            struct progress_style style = {columns, tenth % 2 == 0, tenth % 3 == 0};
            view.done = view.total * tenth / 10;
            rpi_progress_bar(text, sizeof text, &view, &style);
            ck_assert_msg(columns_of(text) < columns, "%d of %d: %s", columns_of(text), columns,
                          text);
            ck_assert_ptr_nonnull(strchr(text, '%'));
        }
    }
}
END_TEST

/* There is no bar if the job's length is unknown. */
START_TEST(a_stream_is_shown_without_a_share)
{
    const struct progress_style style = {100, false, false};
    char text[640];
    struct progress_view view = {.name = "lines",
                                 .unit = "lines",
                                 .done = 1234567,
                                 .total = INFINITY,
                                 .flying = 800,
                                 .window = 65536,
                                 .seconds = 61,
                                 .rate = 20000,
                                 .ranks = 4,
                                 .nodes = 2};
    ck_assert_str_eq(rpi_progress_bar(text, sizeof text, &view, &style),
                     "lines  1.23 M  after 1:01  20000 lines/s  800 of at most 65536 under way");
    ck_assert_str_eq(
        rpi_progress_line(text, sizeof text, &view),
        "lines: 1.23 M lines after 1:01, 20000 lines/s, 800 of at most 65536 under way");
    for (int columns = 8; columns < 250; columns++) {
        struct progress_style narrow = {columns, true, true};
        rpi_progress_bar(text, sizeof text, &view, &narrow);
        ck_assert_msg(columns_of(text) < columns, "%d of %d: %s", columns_of(text), columns, text);
    }
    view.total = 2e6;
    ck_assert_str_eq(rpi_progress_line(text, sizeof text, &view),
                     "lines: 61 % after 1:01: 1.23 M of 2.00 M lines, 20000 lines/s, 39 s left, "
                     "800 of at most 65536 under way");
}
END_TEST

START_TEST(numbers_for_people)
{
    char text[NUMBER_BYTES];
    ck_assert_str_eq(rpi_number_count(text, 99999), "99999");
    ck_assert_str_eq(rpi_number_count(text, 123456), "123 k");
    ck_assert_str_eq(rpi_number_count(text, 1e9), "1.00 G");
    ck_assert_str_eq(rpi_number_clock(text, 59.5), "1:00");
    ck_assert_str_eq(rpi_number_clock(text, 3661), "1:01:01");
    ck_assert_str_eq(rpi_number_clock(text, 3 * 86400 + 7200), "3 d 2 h");
    ck_assert_str_eq(rpi_number_seconds(text, 1.234e-3), "1.23 ms");
    ck_assert_str_eq(rpi_number_seconds(text, 5e-9), "5.00 ns");
    ck_assert_str_eq(rpi_number_bytes(text, 123), "123 B");
    ck_assert_str_eq(rpi_number_bytes(text, 99.96e6), "100 MB");
}
END_TEST

static char log_path[64];

/* Reports jobs to the file at stderr and returns its content, on the root. */
static char *progress_of(void (*run)(rp_pool *), const rp_config *config)
{
    root_path(log_path, ".log");
    int before = dup(STDERR_FILENO);
    if (world_rank() == 0)
        ck_assert_ptr_nonnull(freopen(log_path, "w", stderr));
    setenv("RANKPOOL_PROGRESS", "0.1", 1);
    rp_pool *pool = open_configured(config);
    unsetenv("RANKPOOL_PROGRESS");
    run(pool);
    close_pool(pool);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    return take_root_file(log_path);
}

static void run_for_a_second(rp_pool *pool)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {
        .schedule = RP_SCHEDULE_DYNAMIC, .chunk = 1, .name = "the\njob\x1b", .unit = "steps"};
    ck_assert_int_eq(rp_loop_open(pool, 40 * world_ranks(), &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep(25000);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
}

START_TEST(progress_in_a_log)
{
    for (int node_size = 0; node_size < 2; node_size++) {
        char *text = progress_of(run_for_a_second, &(rp_config){.node_size = node_size});
        double last = -1;
        int lines = 0;
        if (text == NULL)
            continue;
        for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
            double percent, done, total;
            if (strncmp(line, "the?job?: over after", 20) == 0)
                continue;
            ck_assert_msg(sscanf(line, "the?job?: %lf %% after %*d s: %lf of %lf steps", &percent,
                                 &done, &total) == 3,
                          "%s", line);
            ck_assert(done >= last && done <= total);
            ck_assert_double_eq(total, 40 * world_ranks());
            last = done;
        }
        ck_assert_int_ge(lines, 4);
        ck_assert_msg(last > 10 * world_ranks(), "%g of %d were seen", last, 40 * world_ranks());
        free(text);
    }
}
END_TEST

static int produce_for_a_second(void *user, rp_buffer *item)
{
    int *made = user;
    if (*made == 40 * world_ranks())
        return RP_ITEM_LAST;
    ++*made;
    return rp_buffer_append(item, made, sizeof *made) == 0 ? RP_ITEM : -1;
}

static int doze(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)task;
    usleep(25000);
    return rp_buffer_append(result, in, bytes);
}

static void stream_for_a_second(rp_pool *pool)
{
    int made = 0;
    rp_stream_job job = {.produce = produce_for_a_second,
                         .work = doze,
                         .window_items = 1000,
                         .options = {.user = &made, .name = "the stream", .unit = "steps"}};
    ck_assert_int_eq(rp_stream(pool, &job), RP_OK);
}

START_TEST(progress_of_a_stream)
{
    for (int node_size = 0; node_size < 2; node_size++) {
        char *text = progress_of(stream_for_a_second, &(rp_config){.node_size = node_size});
        int lines = 0, last = 0;
        if (text == NULL)
            continue;
        for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
            int done, flying;
            const char *window = strstr(line, " of at most 1000 under way");
            if (strncmp(line, "the stream: over after", 22) == 0)
                continue;
            ck_assert_msg(window != NULL && sscanf(line, "the stream: %d steps after", &done) == 1,
                          "%s", line);
            ck_assert_int_eq(sscanf(strrchr(line, ',') + 1, "%d", &flying), 1);
            ck_assert(done >= last && flying >= 0 && done + flying <= 40 * world_ranks());
            last = done;
        }
        ck_assert_int_ge(lines, 4);
        ck_assert_msg(last > 10 * world_ranks(), "%d of %d were seen", last, 40 * world_ranks());
        free(text);
    }
}
END_TEST

/* A starter adds a chain of links, and the next starter, until a line of progress shows more items
 * than there can be bundles: a bundle lasts until a starter or a chain ends. */
enum {
    LINKS = 40,            /* of a chain */
    SHOWN_AT_LEAST = 20,   /* for each starter */
    MOST_STARTERS = 10000, /* of a job, if no line shows that */
    FAILING_STARTER = 300  /* of a run that another one continues */
};

struct link {
    int64_t starter, at; /* at: 0 of the starter itself */
};

struct link_counts {
    int64_t items, starters;
};

/* The number at the begin of a text, with the prefix of its unit. */
static double number_at(const char *text)
{
    char prefix = '\0';
    double number = -1;
    sscanf(text, "%lf %c", &number, &prefix);
    return prefix == 'k' ? number * 1e3 : prefix == 'M' ? number * 1e6 : number;
}

/* The number of items that a line shows; below 0: it is not a line of the job that runs. */
static double shown_items(const char *line)
{
    const char *name = "the tree: ";
    return strncmp(line, name, strlen(name)) == 0 ? number_at(line + strlen(name)) : -1;
}

static double last_shown_items(void)
{
    char line[256];
    double last = 0;
    FILE *log = fopen(log_path, "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        last = fmax(last, shown_items(line));
    if (log != NULL)
        fclose(log);
    return last;
}

static unsigned starter_sleep; /* microseconds */

static int follow_links(rp_task *task, const void *item, void *result)
{
    const struct link *link = item;
    const struct link next = {link->starter, link->at + 1}, starter = {link->starter + 1, 0};
    struct link_counts *counts = result;
    computed++;
    counts->items++;
    if (link->at > 0)
        return link->at < LINKS ? rp_task_add(task, &next) : 0;
    if (link->starter == breaks_at)
        return 5;
    counts->starters++;
    usleep(starter_sleep);
    if (last_shown_items() >= (double)(SHOWN_AT_LEAST * link->starter) ||
        link->starter == MOST_STARTERS)
        return 0;
    int code = rp_task_add(task, &starter);
    return code == 0 ? rp_task_add(task, &next) : code;
}

static int add_links(void *left, const void *right, void *user)
{
    struct link_counts *all = left;
    const struct link_counts *others = right;
    (void)user;
    all->items += others->items;
    all->starters += others->starters;
    return 0;
}

static struct link_counts links_counted;

static rp_status links_follow(rp_pool *pool)
{
    static const struct link_counts none;
    const struct link seed = {1, 0};
    rp_worklist_job job = {.seeds = &seed,
                           .n = 1,
                           .item_size = sizeof seed,
                           .work = follow_links,
                           .combine = add_links,
                           .identity = &none,
                           .result = &links_counted,
                           .result_size = sizeof links_counted,
                           .options = {.name = "the tree", .unit = "nodes"}};
    return rp_worklist(pool, &job);
}

static void run_worklist(rp_pool *pool)
{
    ck_assert_msg(links_follow(pool) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_lt(links_counted.starters, MOST_STARTERS);
}

/* Wherever the waiting items are, with a checkpoint on the root: it shows how many are done. */
START_TEST(progress_of_a_worklist)
{
    begin_place();
    starter_sleep = 1000;
    for (int saved = 0; saved < 2; saved++) {
        char *text =
            progress_of(run_worklist, &(rp_config){.checkpoint = saved ? saved_in() : NULL});
        double last = 0;
        if (text == NULL)
            continue;
        for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            long long waiting;
            double items = shown_items(line);
            if (strncmp(line, "the tree: over after", 20) == 0)
                continue;
            ck_assert_msg(items >= last && strstr(line, " nodes after ") != NULL &&
                              strstr(line, " waiting") != NULL,
                          "%s", line);
            ck_assert_int_eq(sscanf(strrchr(line, ',') + 1, "%lld", &waiting), 1);
            ck_assert(waiting >= 0 && items <= 1.01 * (double)links_counted.items);
            last = items;
        }
        free(text);
    }
    end_place();
}
END_TEST

/* Counts go on from those of the run that left the state, but the rate is that of this run. */
START_TEST(progress_of_a_worklist_that_goes_on)
{
    const double interval = 0.1; /* the first line comes later */
    begin_place();
    log_path[0] = '\0';
    starter_sleep = 1000;
    breaks_at = FAILING_STARTER;
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    ck_assert_int_eq(links_follow(pool), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    computed_by_all();
    starter_sleep = 20000;
    char *text =
        progress_of(run_worklist, &(rp_config){.checkpoint = saved_in(), .resume = RP_RESUME});
    double again = (double)computed_by_all();
    if (text != NULL) {
        ck_assert_msg(shown_items(text) > again && strchr(text, ',') != NULL, "%s", text);
        double rate = number_at(strchr(text, ',') + 1);
        ck_assert_msg(rate > 0 && rate <= again / interval, "%s", text);
    }
    free(text);
    end_place();
}
END_TEST

START_TEST(bad_wishes_are_refused)
{
    rp_pool *pool;
    setenv("RANKPOOL_PROGRESS", "perhaps", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, &pool), RP_ERR_ARGUMENT);
    unsetenv("RANKPOOL_PROGRESS");
    pool = open_pool();
    ck_assert_int_eq(rp_show_progress(pool, (rp_progress)17), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_show_progress(NULL, RP_PROGRESS_OFF), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_show_progress(pool, RP_PROGRESS_OFF), RP_OK);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"a bar fits its terminal", &a_bar_fits_its_terminal},
    {"a stream is shown without a share", &a_stream_is_shown_without_a_share},
    {"numbers for people", &numbers_for_people},
    {"progress in a log", &progress_in_a_log},
    {"progress of a stream", &progress_of_a_stream},
    {"progress of a worklist", &progress_of_a_worklist},
    {"progress of a worklist that goes on", &progress_of_a_worklist_that_goes_on},
    {"bad wishes are refused", &bad_wishes_are_refused},
    {NULL, NULL},
};
const struct test_group observe_progress_tests = {"observe_progress", cases};
