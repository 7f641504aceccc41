#include "checkpoint_jobs.h"

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES = 400
};

/* ---- directories ----------------------------------------------------------------------------- */

static char place[PATH_BYTES], directory[2 * PATH_BYTES];

void begin_place(void)
{
    if (world_rank() == 0) {
        /* A directory that all nodes share, as TMPDIR need not be. */
        char *here = getcwd(NULL, 0);
        snprintf(place, sizeof place, "%.200s/checkpoint_suite.XXXXXX", here);
        free(here);
        ck_assert_ptr_nonnull(mkdtemp(place));
    }
    MPI_Bcast(place, sizeof place, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(directory, sizeof directory, "%s/kept", place);
}

const char *saved_in(void)
{
    return directory;
}

bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

void end_place(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() != 0)
        return;
    ck_assert(!exists(saved_in()));
    ck_assert_int_eq(rmdir(place), 0);
}

rp_status try_open(rp_config config, rp_pool **pool)
{
    config.checkpoint = saved_in();
    return rp_open_comm(MPI_COMM_WORLD, &config, pool);
}

rp_pool *open_saved(rp_resume resume)
{
    rp_pool *pool;
    rp_status status = try_open((rp_config){.resume = resume}, &pool);
    ck_assert_msg(status == RP_OK, "rp_open_comm: %s", rp_last_error(NULL)->text);
    return pool;
}

/* ---- a program that ends early --------------------------------------------------------------- */

int64_t computed;
int64_t breaks_at = -1;

int64_t computed_by_all(void)
{
    int64_t all;
    MPI_Allreduce(&computed, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    computed = 0;
    return all;
}

double value_of(int64_t item)
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

double map_results[ITEMS];

rp_map_job map_job(void)
{
    return (rp_map_job){
        .n = ITEMS, .item = compute_item, .out = map_results, .out_size = sizeof *map_results};
}

void check_results(const rp_pool *pool, rp_place where)
{
    if (where == RP_ON_ROOT && rp_rank(pool) != rp_root(pool))
        return;
    for (int64_t item = 0; item < ITEMS; item++) {
        if (map_results[item] != value_of(item))
            ck_abort_msg("item %d is %g", (int)item, map_results[item]);
    }
}

int64_t break_off(const rp_map_job *job)
{
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    breaks_at = ITEMS / 2 + 77;
    ck_assert_int_eq(rp_map(pool, job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    memset(map_results, 0, sizeof map_results);
    return computed_by_all();
}

int64_t resume(const rp_map_job *job)
{
    rp_pool *pool = open_saved(RP_RESUME);
    rp_status status = rp_map(pool, job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    check_results(pool, job->out_place);
    close_pool(pool);
    return computed_by_all();
}

/* ---- reductions ------------------------------------------------------------------------------ */

/* Neither commutative nor associative. */
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

rp_reduce_job reduce_job(double *result)
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

/* ---- output ---------------------------------------------------------------------------------- */

void capture_stderr(void (*run)(void), char *text, size_t size)
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

void resume_job(void)
{
    rp_map_job job = map_job();
    resume(&job);
}
