/* Checkpoints: work that was finished before a program was ended is not done again, and nothing is
 * wrong. */
#include "suites.h"

#include "journal/catalogue.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ITEMS = 2000,
    PATH_BYTES = 400
};

/* ---- directories ----------------------------------------------------------------------------- */

/* A directory of all ranks for one test; work is kept in another within it, that is not there
 * yet. */
static char place[PATH_BYTES], kept_in[2 * PATH_BYTES];

static void begin_place(void)
{
    if (world_rank() == 0) {
        /* Where all nodes are at home, as TMPDIR need not be. */
        char *here = getcwd(NULL, 0);
        snprintf(place, sizeof place, "%.200s/checkpoint_suite.XXXXXX", here);
        free(here);
        ck_assert_ptr_nonnull(mkdtemp(place));
    }
    MPI_Bcast(place, sizeof place, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(kept_in, sizeof kept_in, "%s/kept", place);
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* What was kept is gone, and the directory with it. */
static void end_place(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() != 0)
        return;
    ck_assert(!exists(kept_in));
    ck_assert_int_eq(rmdir(place), 0);
}

/* Calls `each` for every file in which work is kept. On rank 0. */
static int for_each_journal(void (*each)(const char *path))
{
    int count = 0;
    char path[3 * PATH_BYTES];
    DIR *open = opendir(kept_in);
    ck_assert_ptr_nonnull(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        if (strncmp(entry->d_name, "journal.", 8) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", kept_in, entry->d_name);
        if (each != NULL)
            each(path);
        count++;
    }
    closedir(open);
    return count;
}

static rp_status try_open(rp_config config, rp_pool **pool)
{
    config.checkpoint = kept_in;
    return rp_create(MPI_COMM_WORLD, &config, pool);
}

static rp_pool *open_kept(rp_resume resume)
{
    rp_pool *pool;
    rp_status status = try_open((rp_config){.resume = resume}, &pool);
    ck_assert_msg(status == RP_OK, "rp_create: %s", rp_last_error(NULL)->text);
    return pool;
}

/* ---- a program that is ended before its time ------------------------------------------------- */

static int64_t computed;       /* by this rank */
static int64_t breaks_at = -1; /* the item that fails; -1: none does */

static int64_t computed_by_all(void)
{
    int64_t all;
    MPI_Allreduce(&computed, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    computed = 0;
    return all;
}

static double value_of(int64_t item)
{
    return 1.0 / (double)(item + 1);
}

static int compute_item(rp_task *task, const void *in, void *out)
{
    int64_t item = rp_task_item(task);
    (void)in;
    if (item == breaks_at)
        return 5;
    computed++;
    *(double *)out = value_of(item);
    return 0;
}

static int compute_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    double *results = out;
    if (range.begin <= breaks_at && breaks_at < range.end)
        return 5;
    for (int64_t item = range.begin; item < range.end; item++)
        results[item - range.begin] = value_of(item);
    computed += range.end - range.begin;
    return 0;
}

static double out[ITEMS];

static rp_map_job map_job(void)
{
    return (rp_map_job){.n = ITEMS, .item = compute_item, .out = out, .out_size = sizeof *out};
}

static void check_results(const rp_pool *pool, rp_place where)
{
    if (where == RP_ON_ROOT && rp_rank(pool) != rp_root(pool))
        return;
    for (int64_t item = 0; item < ITEMS; item++) {
        if (out[item] != value_of(item))
            ck_abort_msg("item %d is %g", (int)item, out[item]);
    }
}

/* The first run of a map, which ends at an item in the middle. Returns how many items it has
 * computed. */
static int64_t break_off(const rp_map_job *job)
{
    rp_pool *pool = open_kept(RP_RESUME_NOTHING);
    breaks_at = ITEMS / 2 + 77;
    ck_assert_int_eq(rp_map(pool, job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    memset(out, 0, sizeof out);
    return computed_by_all();
}

/* The second run, which finishes it. */
static int64_t resume(const rp_map_job *job)
{
    rp_pool *pool = open_kept(RP_RESUME);
    rp_status status = rp_map(pool, job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    check_results(pool, job->out_place);
    close_pool(pool);
    return computed_by_all();
}

START_TEST(what_is_kept_is_not_computed_again)
{
    static const rp_schedule schedules[] = {RP_ADAPTIVE, RP_STATIC, RP_DYNAMIC, RP_GUIDED,
                                            RP_FACTORING};
    begin_place();
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        rp_map_job job = map_job();
        job.options.schedule = schedules[i];
        int64_t before = break_off(&job);
        ck_assert_int_gt(before, 0);
        job.options.schedule = schedules[(i + 1) % 5];
        ck_assert_int_eq(resume(&job), ITEMS - before);
    }
    end_place();
}
END_TEST

START_TEST(ranges_are_kept_as_a_whole)
{
    begin_place();
    rp_map_job job = map_job();
    job.item = NULL;
    job.range = compute_range;
    job.options.schedule = RP_DYNAMIC;
    job.options.slice = 7;
    int64_t before = break_off(&job);
    ck_assert_int_gt(before, 0);
    job.options.slice = 100;
    ck_assert_int_eq(resume(&job), ITEMS - before);
    end_place();
}
END_TEST

START_TEST(results_are_where_they_are_wanted)
{
    begin_place();
    for (rp_place where = RP_ON_ROOT; where <= RP_ON_RANKS; where++) {
        if (where == RP_ON_NODES)
            continue;
        rp_map_job job = map_job();
        job.out_place = where;
        int64_t before = break_off(&job);
        ck_assert_int_eq(resume(&job), ITEMS - before);
    }
    end_place();
}
END_TEST

static int count_item(rp_task *task, const void *in, void *result)
{
    (void)in;
    (void)result;
    if (rp_task_item(task) == breaks_at)
        return 5;
    computed++;
    return 0;
}

START_TEST(items_without_results_are_kept)
{
    begin_place();
    rp_map_job job = {.n = ITEMS, .item = count_item};
    int64_t before = break_off(&job);
    rp_pool *pool = open_kept(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

/* Many breaks, each at another item, and in the end all is there. */
START_TEST(resumed_again_and_again)
{
    int64_t sum = 0;
    begin_place();
    rp_map_job job = map_job();
    for (int run = 0; run < 8; run++) {
        rp_pool *pool = open_kept(RP_RESUME);
        breaks_at = 230 * run + 100;
        rp_status status = rp_map(pool, &job);
        ck_assert(status == RP_ERR_TASK || status == RP_OK);
        close_pool(pool);
        sum += computed_by_all();
        if (status == RP_OK)
            break;
    }
    breaks_at = -1;
    if (exists(kept_in))
        ck_assert_int_eq(sum + resume(&job), ITEMS);
    end_place();
}
END_TEST

/* Items that failed are tried again, the others are not. */
START_TEST(failed_items_are_tried_again)
{
    static uint8_t statuses[ITEMS];
    begin_place();
    rp_map_job job = map_job();
    job.options.on_failure = RP_KEEP_GOING;
    ck_assert_int_eq(break_off(&job), ITEMS - 1);
    job.options.item_status = statuses;
    ck_assert_int_eq(resume(&job), 1);
    for (int i = 0; i < ITEMS && world_rank() == 0; i++)
        ck_assert_int_eq(statuses[i], RP_OK);
    end_place();
}
END_TEST

/* ---- reductions ------------------------------------------------------------------------------ */

/* Neither commutative nor associative: a checksum of the way in which it came about. */
static int fold(rp_task *task, rp_range range, const void *in, void *partial)
{
    (void)task;
    (void)in;
    if (range.begin <= breaks_at && breaks_at < range.end)
        return 5;
    for (int64_t item = range.begin; item < range.end; item++)
        *(double *)partial = *(double *)partial * 0.75 + value_of(item);
    computed += range.end - range.begin;
    return 0;
}

static int join(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left = *(double *)left * 1.25 - *(const double *)right;
    return 0;
}

static rp_reduce_job reduce_job(double *result)
{
    static const double zero = 0;
    return (rp_reduce_job){.n = ITEMS,
                           .leaf = 3,
                           .body = fold,
                           .combine = join,
                           .identity = &zero,
                           .result = result,
                           .result_size = sizeof *result};
}

START_TEST(reductions_go_on_with_the_same_bits)
{
    double expected, result;
    rp_reduce_job job = reduce_job(&expected);
    rp_pool *plain = open_pool();
    ck_assert_int_eq(rp_reduce(plain, &job), RP_OK);
    close_pool(plain);
    computed = 0;
    begin_place();
    job = reduce_job(&result);
    for (int64_t at = 100; at < ITEMS; at += 600) {
        rp_pool *pool = open_kept(RP_RESUME_NOTHING);
        breaks_at = at;
        ck_assert_int_eq(rp_reduce(pool, &job), RP_ERR_TASK);
        close_pool(pool);
        breaks_at = -1;
        int64_t before = computed_by_all();
        pool = open_kept(RP_RESUME);
        result = 0;
        rp_status status = rp_reduce(pool, &job);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        ck_assert_mem_eq(&result, &expected, sizeof result);
        close_pool(pool);
        ck_assert_int_eq(computed_by_all(), ITEMS - before);
    }
    end_place();
}
END_TEST

/* ---- loops ----------------------------------------------------------------------------------- */

/* Adds up numbers of items; gives up where the item is that breaks. Returns this rank's sum. */
static int64_t add_up(rp_pool *pool, rp_status expected)
{
    rp_loop *loop;
    rp_range range;
    rp_status mine = RP_OK;
    int64_t sum = 0;
    rp_options options = {.schedule = RP_DYNAMIC, .slice = 11};
    ck_assert_int_eq(rp_loop_open(pool, ITEMS, &options, &loop), RP_OK);
    while (mine == RP_OK && rp_loop_next(loop, &range)) {
        int64_t part = 0;
        size_t bytes;
        const void *kept = rp_loop_kept(loop, &bytes);
        if (kept != NULL) {
            ck_assert_uint_eq(bytes, sizeof part);
            memcpy(&part, kept, bytes);
        } else if (range.begin <= breaks_at && breaks_at < range.end) {
            mine = RP_ERR_TASK;
            break;
        } else {
            for (int64_t item = range.begin; item < range.end; item++)
                part += item;
            computed += range.end - range.begin;
        }
        ck_assert_int_eq(rp_loop_keep(loop, &part, sizeof part), RP_OK);
        sum += part;
    }
    ck_assert_int_eq(rp_loop_close(&loop, mine), expected);
    return sum;
}

START_TEST(loops_go_on)
{
    int64_t sum, all;
    begin_place();
    rp_pool *pool = open_kept(RP_RESUME);
    breaks_at = ITEMS - 100;
    add_up(pool, RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    int64_t before = computed_by_all();
    pool = open_kept(RP_RESUME);
    sum = add_up(pool, RP_OK);
    close_pool(pool);
    MPI_Allreduce(&sum, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    ck_assert_int_eq(all, (int64_t)ITEMS * (ITEMS - 1) / 2);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

START_TEST(without_a_directory_nothing_is_kept)
{
    rp_loop *loop;
    rp_range range;
    size_t bytes;
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_loop_open(pool, 10, NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range)) {
        ck_assert_ptr_null(rp_loop_kept(loop, &bytes));
        ck_assert_int_eq(rp_loop_keep(loop, &range, sizeof range), RP_OK);
        ck_assert_int_eq(rp_loop_keep(loop, NULL, 1), RP_ERR_ARGUMENT);
    }
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_loop_keep(NULL, NULL, 0), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

/* ---- streams --------------------------------------------------------------------------------- */

/* A stream of numbers; every hundredth comes with 100 KB, and its result has as much. */
struct numbers {
    int64_t next, consumed;
    bool in_order;
};

enum {
    LARGE = 100000
};

static size_t bytes_of(int64_t number)
{
    return number % 100 == 99 ? LARGE : sizeof number;
}

static int make_number(void *user, rp_buffer *item)
{
    struct numbers *numbers = user;
    if (numbers->next == ITEMS)
        return RP_PRODUCED_LAST;
    char *bytes = rp_buffer_resize(item, bytes_of(numbers->next));
    memset(bytes, (int)numbers->next, bytes_of(numbers->next));
    memcpy(bytes, &numbers->next, sizeof numbers->next);
    numbers->next++;
    return RP_PRODUCED;
}

static int square_number(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    int64_t number;
    (void)task;
    memcpy(&number, in, sizeof number);
    if (number == breaks_at)
        return 5;
    computed++;
    char *bytes = rp_buffer_resize(result, in_bytes);
    memset(bytes, (int)number + 1, in_bytes);
    number *= number;
    memcpy(bytes, &number, sizeof number);
    return 0;
}

static int check_square(void *user, int64_t item, const rp_error *error, const void *data,
                        size_t bytes)
{
    struct numbers *numbers = user;
    const unsigned char *square = data;
    int64_t number = item * item;
    if (error != NULL)
        return 0;
    ck_assert(!numbers->in_order || item == numbers->consumed);
    ck_assert_uint_eq(bytes, bytes_of(item));
    ck_assert_mem_eq(square, &number, sizeof number);
    if (bytes > sizeof number)
        ck_assert_uint_eq(square[bytes - 1], (unsigned char)(item + 1));
    numbers->consumed++;
    return 0;
}

static rp_status stream_numbers(rp_pool *pool, bool unordered)
{
    struct numbers numbers = {.in_order = !unordered};
    rp_stream_job job = {.produce = make_number,
                         .work = square_number,
                         .consume = check_square,
                         .unordered = unordered,
                         .options = {.user = &numbers, .schedule = RP_DYNAMIC, .slice = 7}};
    rp_status status = rp_stream(pool, &job);
    if (status == RP_OK && world_rank() == 0)
        ck_assert_int_eq(numbers.consumed, ITEMS);
    return status;
}

START_TEST(streams_go_on)
{
    begin_place();
    for (int unordered = 0; unordered <= 1; unordered++) {
        rp_pool *pool = open_kept(RP_RESUME);
        breaks_at = ITEMS - 77;
        ck_assert_int_eq(stream_numbers(pool, unordered), RP_ERR_TASK);
        breaks_at = -1;
        close_pool(pool);
        int64_t before = computed_by_all();
        pool = open_kept(RP_RESUME);
        rp_status status = stream_numbers(pool, unordered);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        close_pool(pool);
        int64_t after = computed_by_all();
        /* What comes to the root after the failure is not kept, nor what shares a parcel with
         * it. */
        ck_assert_int_ge(after, ITEMS - before);
        ck_assert_int_lt(after, ITEMS / 2);
    }
    end_place();
}
END_TEST

/* ---- programs of several jobs ---------------------------------------------------------------- */

START_TEST(jobs_that_were_finished_are_not_done_again)
{
    double sum;
    begin_place();
    rp_map_job job = map_job();
    rp_reduce_job reduction = reduce_job(&sum);
    rp_pool *pool = open_kept(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    double first = sum;
    breaks_at = 3;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    int64_t before = computed_by_all();
    memset(out, 0, sizeof out);
    pool = open_kept(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    ck_assert_double_eq(sum, first);
    ck_assert_int_eq(computed_by_all(), 0);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), 3 * ITEMS - before);
    end_place();
}
END_TEST

START_TEST(finished_work_is_removed)
{
    begin_place();
    rp_map_job job = map_job();
    rp_pool *pool = open_kept(RP_RESUME_NOTHING);
    ck_assert(exists(kept_in));
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    MPI_Barrier(MPI_COMM_WORLD);
    ck_assert(!exists(kept_in));
    MPI_Barrier(MPI_COMM_WORLD);
    /* A directory that was there stays, empty. */
    if (world_rank() == 0)
        ck_assert_int_eq(mkdir(kept_in, 0777), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    pool = open_kept(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        ck_assert_int_eq(rmdir(kept_in), 0);
    computed = 0;
    end_place();
}
END_TEST

/* A program that has trouble of its own, and says so, may need its results again. */
START_TEST(trouble_that_is_told_leaves_the_work_there)
{
    begin_place();
    rp_map_job job = map_job();
    rp_status worst;
    rp_pool *pool = open_kept(RP_RESUME_NOTHING);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_agree(pool, world_rank() == 0 ? RP_ERR_IO : RP_OK, &worst), RP_OK);
    ck_assert_int_eq(worst, RP_ERR_IO);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS);
    ck_assert_int_eq(resume(&job), 0);
    end_place();
}
END_TEST

/* ---- what does not fit ----------------------------------------------------------------------- */

static void check_not_opened(rp_config config, const char *why)
{
    rp_pool *pool;
    ck_assert_int_eq(try_open(config, &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
    ck_assert_msg(strstr(rp_last_error(NULL)->text, why) != NULL, "%s", rp_last_error(NULL)->text);
}

START_TEST(other_work_is_refused)
{
    begin_place();
    rp_map_job job = map_job();
    break_off(&job);
    check_not_opened((rp_config){.resume = RP_RESUME_NOTHING}, "keeps unfinished work");
    check_not_opened((rp_config){.resume = RP_RESUME, .fingerprint = 1}, "other arguments");
    check_not_opened((rp_config){.resume = (rp_resume)9}, "config.resume");
    check_not_opened((rp_config){.checkpoint_seconds = -1}, "checkpoint_seconds");
    rp_pool *pool = open_kept(RP_RESUME);
    check_not_opened((rp_config){.resume = RP_RESUME}, "is in use");
    rp_map_job other = job;
    other.n = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &other), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "another number of items") != NULL);
    close_pool(pool);
    /* Nothing was done, so nothing is removed. */
    pool = open_kept(RP_RESUME);
    close_pool(pool);
    computed = 0;
    /* By force, what fits is used, whoever kept it. */
    ck_assert_int_eq(try_open((rp_config){.resume = RP_RESUME_FORCED, .fingerprint = 1}, &pool),
                     RP_OK);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    close_pool(pool);
    ck_assert_int_lt(computed_by_all(), ITEMS);
    end_place();
}
END_TEST

START_TEST(forced_jobs_of_other_sizes_begin_anew)
{
    begin_place();
    rp_map_job job = map_job();
    break_off(&job);
    rp_pool *pool = open_kept(RP_RESUME_FORCED);
    job.n = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - 1);
    end_place();
}
END_TEST

static int add_one(rp_task *task, const void *in, void *result)
{
    if (rp_task_item(task) == breaks_at)
        return 5;
    computed++;
    *(double *)result = *(const double *)in + 1;
    return 0;
}

START_TEST(other_inputs_are_refused)
{
    static double in[ITEMS];
    begin_place();
    rp_map_job job = map_job();
    job.item = add_one;
    job.in = in;
    job.in_size = sizeof *in;
    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    int64_t before = break_off(&job);
    rp_pool *pool = open_kept(RP_RESUME);
    in[ITEMS - 1] = 0.5;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "other inputs") != NULL);
    close_pool(pool);
    in[ITEMS - 1] = ITEMS - 1;
    pool = open_kept(RP_RESUME);
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    for (int i = 0; i < ITEMS && world_rank() == 0; i++)
        ck_assert_double_eq(out[i], i + 1);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

/* ---- journals that are spoilt ---------------------------------------------------------------- */

static unsigned damage; /* a number of its own for each file and time */

static void spoil(const char *path)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    damage = damage * 1103515245 + 12345;
    off_t at = (off_t)(damage / 3) % about.st_size;
    if (damage / 65536 % 3 == 0) {
        ck_assert_int_eq(truncate(path, at), 0);
        return;
    }
    unsigned char byte;
    int file = open(path, O_RDWR);
    ck_assert_int_eq(pread(file, &byte, 1, at), 1);
    byte ^= (unsigned char)(1 + damage / 256 % 255);
    ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    close(file);
}

START_TEST(spoilt_journals_are_noticed)
{
    double expected, result;
    rp_reduce_job reduction = reduce_job(&expected);
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    close_pool(pool);
    begin_place();
    rp_map_job job = map_job();
    reduction = reduce_job(&result);
    for (int time = 0; time < 20; time++) {
        pool = open_kept(RP_RESUME_NOTHING);
        breaks_at = ITEMS / 2;
        ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
        ck_assert_int_eq(rp_reduce(pool, &reduction), RP_ERR_TASK);
        breaks_at = -1;
        close_pool(pool);
        int64_t before = computed_by_all();
        MPI_Barrier(MPI_COMM_WORLD);
        if (world_rank() == 0)
            ck_assert_int_gt(for_each_journal(spoil), 0);
        MPI_Barrier(MPI_COMM_WORLD);
        memset(out, 0, sizeof out);
        pool = open_kept(RP_RESUME);
        ck_assert_int_eq(rp_map(pool, &job), RP_OK);
        check_results(pool, RP_ON_ROOT);
        ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
        ck_assert_mem_eq(&result, &expected, sizeof result);
        close_pool(pool);
        ck_assert_int_ge(computed_by_all(), 2 * ITEMS - before);
    }
    end_place();
}
END_TEST

/* ---- nothing can be kept --------------------------------------------------------------------- */

/* Reads what was written to stderr while `run` was running. */
static void capture(void (*run)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    ck_assert(file != NULL && before >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    run();
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void map_where_no_directory_is(void)
{
    rp_map_job job = map_job();
    rp_config config = {.checkpoint = "/no/such/folder/kept"};
    rp_pool *pool;
    ck_assert_int_eq(rp_create(MPI_COMM_WORLD, &config, &pool), RP_OK);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    close_pool(pool);
}

/* Files may have 350 bytes, so results are where they need no new node memory. */
static void map_where_the_disk_is_full(void)
{
    struct rlimit before, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){350, before.rlim_max};
    rp_map_job job = map_job();
    job.out_place = RP_ON_RANKS;
    rp_pool *pool = open_kept(RP_RESUME);
    setrlimit(RLIMIT_FSIZE, &small);
    breaks_at = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    close_pool(pool);
}

static int warnings_in(const char *text)
{
    int count = 0;
    for (; (text = strstr(text, "rankpool: the work is not protected: ")) != NULL; text++)
        count++;
    return count;
}

static int warnings_of_all(void (*run)(void))
{
    char text[4096];
    capture(run, text, sizeof text);
    int mine = warnings_in(text), all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

START_TEST(what_cannot_be_kept_is_told_and_the_work_goes_on)
{
    begin_place();
    ck_assert_int_eq(warnings_of_all(map_where_no_directory_is), 1);
    rp_pool *pool = open_pool();
    int nodes = rp_nodes(pool);
    close_pool(pool);
    int told = warnings_of_all(map_where_the_disk_is_full);
    ck_assert_int_ge(told, 1);
    ck_assert_int_le(told, nodes);
    computed = 0;
    rp_map_job job = map_job();
    int64_t again = resume(&job);
    ck_assert(again > 0 && again <= ITEMS);
    end_place();
}
END_TEST

const struct test_group checkpoint_tests = {
    "checkpoint",
    (const struct test_case[]){
        {"what is kept is not computed again", &what_is_kept_is_not_computed_again},
        {"ranges are kept as a whole", &ranges_are_kept_as_a_whole},
        {"results are where they are wanted", &results_are_where_they_are_wanted},
        {"items without results are kept", &items_without_results_are_kept},
        {"resumed again and again", &resumed_again_and_again},
        {"failed items are tried again", &failed_items_are_tried_again},
        {"reductions go on with the same bits", &reductions_go_on_with_the_same_bits},
        {"loops go on", &loops_go_on},
        {"streams go on", &streams_go_on},
        {"without a directory nothing is kept", &without_a_directory_nothing_is_kept},
        {"jobs that were finished are not done again", &jobs_that_were_finished_are_not_done_again},
        {"finished work is removed", &finished_work_is_removed},
        {"trouble that is told leaves the work there", &trouble_that_is_told_leaves_the_work_there},
        {"other work is refused", &other_work_is_refused},
        {"forced jobs of other sizes begin anew", &forced_jobs_of_other_sizes_begin_anew},
        {"other inputs are refused", &other_inputs_are_refused},
        {"spoilt journals are noticed", &spoilt_journals_are_noticed},
        {"what cannot be kept is told and the work goes on",
         &what_cannot_be_kept_is_told_and_the_work_goes_on},
        {NULL, NULL},
    },
};
