/* The map: out[i] = f(in[i]). */
#include "base/error.h"
#include "diag/check.h"
#include "diag/diagnosis.h"
#include "engine/executor.h"
#include "engine/loop.h"
#include "engine/save_map.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

#include <string.h>

enum {
    INPUT,
    RESULTS,
    STATUSES
};

static const rp_map_job no_job; /* in place of NULL */

static rp_status map_check_functions(const rp_map_job *job, rp_error *error)
{
    if (job->item == NULL && job->range == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set item or range");
    if (job->item != NULL && job->range != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has two tasks: set item or range");
    return RP_OK;
}

static rp_status map_check(const rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                           struct schedule_choice *choice, rp_error *error)
{
    if (job == &no_job)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK ||
        map_check_functions(job, error) != RP_OK)
        return error->status;
    if (rpi_job_check_arrays(pool, job->n, &arrays[INPUT], &arrays[RESULTS], error) != RP_OK)
        return error->status;
    if (pool->world.rank == pool->world.root &&
        check_array(pool, "item_status", job->options.item_status, (size_t)job->n, error) != RP_OK)
        return error->status;
    return RP_OK;
}

static void map_set_terms(struct vote *vote, const rp_map_job *job,
                          const struct schedule_choice *choice)
{
    rpi_job_terms(vote, job->n, choice);
    vote->terms[JOB_IN_SIZE] = (int64_t)job->in_size;
    vote->terms[JOB_IN_PLACE] = job->in_place;
    vote->terms[JOB_OUT_SIZE] = (int64_t)job->out_size;
    vote->terms[JOB_OUT_PLACE] = job->out_place;
    vote->terms[JOB_RANGE] = job->range != NULL;
    vote->terms[JOB_ON_FAILURE] = job->options.on_failure;
    vote->terms[JOB_SEED] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, &job->options);
}

static void map_set_statuses(uint8_t *statuses, int64_t count, rp_status status)
{
    if (statuses != NULL)
        memset(statuses, (int)status, (size_t)count);
}

/* Undoes what a failed call may have left in the buffer of a peer's results: delivering the buffer
 * then keeps the owner's old results. (Staged results of failed items are not shipped.) */
static void map_restore_results(const struct executor *executor, int64_t first, int64_t count,
                                void *out)
{
    const struct access *access = &executor->accesses.access[RESULTS];
    if (access->size > 0 && access->local == NULL && !access->staged)
        rpi_array_fetch(&executor->accesses, RESULTS, first, count, out);
}

static int map_call_item(const struct attempt *attempt)
{
    struct executor *executor = attempt->closure;
    const rp_map_job *job = executor->closure;
    return job->item(&executor->task, attempt->in, attempt->out);
}

static int map_call_range(const struct attempt *attempt)
{
    struct executor *executor = attempt->closure;
    const rp_map_job *job = executor->closure;
    return job->range(&executor->task, attempt->items, attempt->in, attempt->out);
}

static int map_attempt_call(struct executor *executor, rp_range items, const void *in, void *out)
{
    const rp_map_job *job = executor->closure;
    struct attempt attempt = {.items = items,
                              .in = in,
                              .out = out,
                              .out_bytes = out != NULL
                                               ? (size_t)(items.end - items.begin) * job->out_size
                                               : 0,
                              .fresh = true,
                              .call = job->item != NULL ? map_call_item : map_call_range,
                              .closure = executor};
    return rpi_attempt(&executor->attempts, &attempt);
}

/* Returns one status for all items: after a failed call it is unknown which of them it computed. */
static rp_status map_run_range(struct executor *executor, rp_range items, const void *in, void *out)
{
    const rp_map_job *job = executor->closure;
    int code;
    if (executor->careful) {
        code = map_attempt_call(executor, items, in, out);
    } else {
        rpi_task_begin(&executor->task, items.begin);
        code = job->range(&executor->task, items, in, out);
    }
    return code == 0 ? RP_OK : rpi_execution_failed(executor, code);
}

/* Handles an item that has finally failed, or has been cancelled. Returns how many items are done
 * with it: a cancelled item is left to the next run. */
static int64_t map_item_failed(struct executor *executor, int64_t item, void *out, uint8_t *status,
                               int code)
{
    rp_status failed = rpi_execution_failed(executor, code);
    map_set_statuses(status, 1, failed);
    map_restore_results(executor, item, 1, out);
    return failed != RP_ERR_CANCELLED;
}

/* Calls the program's function for each item of a tile, which has at least one. Only what a single
 * item needs comes before its end. */
__attribute__((always_inline)) static inline int64_t
map_compute_each(struct executor *executor, rp_range tile, void *const *at, bool careful)
{
    const rp_map_job *job = executor->closure;
    const char *in = at[INPUT];
    char *out = at[RESULTS];
    uint8_t *status = at[STATUSES];
    for (int64_t item = tile.begin;; item++) {
        rpi_task_begin(&executor->task, item);
        int code = careful ? map_attempt_call(executor, (rp_range){item, item + 1}, in, out)
                           : job->item(&executor->task, in, out);
        map_set_statuses(status, 1, RP_OK);
        if (code != 0) {
            int64_t done = map_item_failed(executor, item, out, status, code);
            if (executor->stopping)
                return item + done - tile.begin;
        }
        if (item + 1 == tile.end)
            return tile.end - tile.begin;
        if (work_queue_stopped(executor->pool->work_queue)) {
            executor->stopping = true;
            return item + 1 - tile.begin;
        }
        in += in != NULL ? job->in_size : 0;
        out += out != NULL ? job->out_size : 0;
        status += status != NULL;
    }
}

static int64_t map_compute_items(struct executor *executor, rp_range tile, void *const *at)
{
    return map_compute_each(executor, tile, at, false);
}

static int64_t map_attempt_items(struct executor *executor, rp_range tile, void *const *at)
{
    return map_compute_each(executor, tile, at, true);
}

/* The address of an element that needs no copying. */
static void *map_element(const struct access *access, int64_t item)
{
    return access->size > 0 ? access->local + (size_t)item * access->size : NULL;
}

/* The shortest path from one item to the next: with chunks of one item it costs a claim and the
 * call. */
static bool map_run_in_place(struct executor *executor, rp_range *chunk, int64_t *done)
{
    rp_loop *loop = &executor->pool->loop;
    const struct access *access = executor->accesses.access;
    rp_range taken;
    while (loop_next(loop, &taken)) {
        void *const at[] = {[INPUT] = map_element(&access[INPUT], taken.begin),
                            [RESULTS] = map_element(&access[RESULTS], taken.begin),
                            [STATUSES] = map_element(&access[STATUSES], taken.begin)};
        int64_t computed = map_compute_each(executor, taken, at, false);
        if (executor->stopping || computed < taken.end - taken.begin) {
            *chunk = taken;
            *done = computed;
            return false;
        }
    }
    return true;
}

/* Calls the program's function for the whole tile. */
static int64_t map_compute_range(struct executor *executor, rp_range tile, void *const *at)
{
    int64_t items = tile.end - tile.begin;
    rp_status status = map_run_range(executor, tile, at[INPUT], at[RESULTS]);
    map_set_statuses(at[STATUSES], items, status);
    if (status != RP_OK)
        map_restore_results(executor, tile.begin, items, at[RESULTS]);
    return status != RP_ERR_CANCELLED ? items : 0;
}

/* On the root: marks as lost the items that were given up because ranks died while computing
 * them. */
static void map_mark_lost(const struct executor *executor)
{
    const rp_map_job *job = executor->closure;
    const rp_pool *pool = executor->pool;
    struct unit_range lost = {0, 0};
    bool noted = pool->world.rank == pool->world.root && job->options.item_status != NULL;
    while (noted &&
           rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(pool->work_queue), &lost)) {
        rp_range items = units_to_items(&executor->units, lost);
        map_set_statuses(job->options.item_status + items.begin, items.end - items.begin,
                         RP_ERR_LOST);
    }
    lost = (struct unit_range){0, 0};
    while (noted && rpi_accounting_next_given_up(&pool->survival->rounds.accounting, &lost)) {
        rp_range items = units_to_items(&executor->units, lost);
        map_set_statuses(job->options.item_status + items.begin, items.end - items.begin,
                         RP_ERR_LOST);
    }
}

/* Identifies the job in the journal. */
static struct job_form map_form(const rp_pool *pool, const rp_map_job *job)
{
    return (struct job_form){.kind = JOURNAL_ITEMS,
                             .n = job->n,
                             .in_bytes = (int64_t)job->in_size,
                             .out_bytes = (int64_t)job->out_size,
                             .seed = job->options.seed,
                             .inputs = rpi_saving_inputs(pool, job->in, job->n, job->in_size)};
}

/* Agrees to open the job. With a checkpoint, fills in `form`. */
static rp_status map_open(rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                          struct schedule_choice *choice, struct job_form *form)
{
    struct vote vote = rpi_vote(CALL_MAP);
    map_check(pool, job, arrays, choice, &vote.error);
    if (pool->checkpoint != NULL && vote.error.status == RP_OK) {
        *form = map_form(pool, job);
        rpi_checkpoint_check(pool, form, &vote.error);
    }
    map_set_terms(&vote, job, choice);
    watchdog_provide(pool, &job->options, &vote.error);
    return rpi_pool_agree(pool, &vote);
}

static rp_status map_execute(rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                             struct schedule_choice choice, struct saving *saving)
{
    struct executor executor;
    rpi_executor_begin(&executor, pool, CALL_MAP, &job->options, arrays, STATUSES + 1);
    executor.units = rpi_units_cut(job->n);
    executor.choice = choice;
    executor.compute = job->range != NULL ? map_compute_range
                       : executor.careful ? map_attempt_items
                                          : map_compute_items;
    executor.run_in_place = job->item != NULL && !executor.careful ? map_run_in_place : NULL;
    executor.closure = (void *)(uintptr_t)job;
    executor.saving = saving;
    executor.fragile = job->in != NULL && job->in == job->out;
    rp_status status = rpi_execute(&executor);
    if (status == RP_ERR_LOST || status == RP_ERR_TASK)
        map_mark_lost(&executor);
    return status;
}

static rp_status map_execute_saving(rp_pool *pool, const rp_map_job *job,
                                    const struct array *arrays, struct schedule_choice choice,
                                    const struct job_form *form)
{
    struct map_saving saving;
    rpi_map_saving_begin(&saving, pool, form, RESULTS, STATUSES, job->item != NULL);
    rp_status status = map_execute(pool, job, arrays, choice, &saving.saving);
    rpi_map_saving_end(&saving, status);
    return status;
}

static rp_status map_run(rp_pool *pool, const rp_map_job *job)
{
    struct array arrays[] = {
        [INPUT] = {.name = "in",
                   .base = (void *)(uintptr_t)job->in,
                   .size = job->in_size,
                   .place = job->in_place},
        [RESULTS] = {.name = "out",
                     .base = job->out,
                     .size = job->out_size,
                     .place = job->out_place,
                     .output = true},
        [STATUSES] = {.name = "item_status",
                      .base = job->options.item_status,
                      .size = 1,
                      .output = true,
                      .status = true},
    };
    struct schedule_choice choice = {RP_SCHEDULE_ADAPTIVE, 0};
    struct job_form form;
    rp_status status = map_open(pool, job, arrays, &choice, &form);
    if (status != RP_OK)
        return status;
    rpi_arrays_collect_on_root(pool, arrays, STATUSES + 1);
    return pool->checkpoint != NULL ? map_execute_saving(pool, job, arrays, choice, &form)
                                    : map_execute(pool, job, arrays, choice, NULL);
}

rp_status rp_map(rp_pool *pool, const rp_map_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_survival_enter(pool);
    rp_status status = map_run(pool, job != NULL ? job : &no_job);
    rpi_survival_leave(pool);
    return status;
}
