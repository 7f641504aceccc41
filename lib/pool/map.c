/* The map: out[i] = f(in[i]). */
#include "base/error.h"
#include "pool/loop.h"
#include "pool/map_keeping.h"
#include "pool/rounds.h"
#include "pool/survival.h"
#include "pool/work.h"

#include <string.h>

enum {
    INPUT,
    RESULTS,
    STATUSES
};

static rp_status check_functions(const rp_map_job *job, rp_error *error)
{
    if (job->item == NULL && job->range == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set item or range");
    if (job->item != NULL && job->range != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has two tasks: set item or range");
    return RP_OK;
}

/* Results may take the place of the inputs, but not come to lie across them. */
static rp_status check_overlap(const rp_pool *pool, const rp_map_job *job, rp_error *error)
{
    bool root = pool->world.rank == pool->world.root;
    bool both_here =
        (job->in_place != RP_ON_ROOT || root) && (job->out_place != RP_ON_ROOT || root);
    if (!both_here || job->in == NULL || job->out == NULL || job->n == 0)
        return RP_OK;
    const char *in = job->in, *out = job->out;
    size_t n = (size_t)job->n;
    bool overlap = in < out + n * job->out_size && out < in + n * job->in_size;
    bool in_place = in == out && job->in_size == job->out_size;
    if (overlap && !in_place)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "in and out overlap; they may only be the same");
    return RP_OK;
}

static rp_status check(const rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                       struct choice *choice, rp_error *error)
{
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK ||
        check_functions(job, error) != RP_OK)
        return error->status;
    for (int i = INPUT; i <= RESULTS; i++) {
        if (rpi_array_check(pool, &arrays[i], job->n, error) != RP_OK)
            return error->status;
    }
    return check_overlap(pool, job, error);
}

static void set_terms(struct ballot *ballot, const rp_map_job *job, const struct choice *choice)
{
    rpi_job_terms(ballot, job->n, choice);
    ballot->terms[3] = (int64_t)job->in_size;
    ballot->terms[4] = job->in_place;
    ballot->terms[5] = (int64_t)job->out_size;
    ballot->terms[6] = job->out_place;
    ballot->terms[7] = job->range != NULL;
    ballot->terms[8] = job->options.on_failure;
    ballot->terms[9] = (int64_t)job->options.seed;
    rpi_trial_terms(ballot, 10, &job->options);
}

static void set_statuses(uint8_t *statuses, int64_t count, rp_status status)
{
    if (statuses != NULL)
        memset(statuses, (int)status, (size_t)count);
}

/* A failed call may have left anything in a buffer: what the owner of the results has stays. (From
 * the stage, results of failed items are not shipped.) */
static void restore(const struct work *work, int64_t first, int64_t count, void *out)
{
    const struct reach *reach = &work->reaches.reach[RESULTS];
    if (reach->size > 0 && reach->here == NULL && !reach->staged)
        rpi_array_fetch(&work->reaches, RESULTS, first, count, out);
}

static int call_item(const struct trial *trial)
{
    struct work *work = trial->closure;
    const rp_map_job *job = work->closure;
    return job->item(&work->task, trial->in, trial->out);
}

static int call_range(const struct trial *trial)
{
    struct work *work = trial->closure;
    const rp_map_job *job = work->closure;
    return job->range(&work->task, trial->items, trial->in, trial->out);
}

static int try_call(struct work *work, rp_range items, const void *in, void *out)
{
    const rp_map_job *job = work->closure;
    struct trial trial = {.items = items,
                          .in = in,
                          .out = out,
                          .out_bytes = (size_t)(items.end - items.begin) * job->out_size,
                          .call = job->item != NULL ? call_item : call_range,
                          .closure = work};
    return rpi_trial(&work->trials, &trial);
}

/* Returns the status of all items: nobody knows what a failed call has done of them. */
static rp_status do_range(struct work *work, rp_range items, const void *in, void *out)
{
    const rp_map_job *job = work->closure;
    int code;
    if (work->careful) {
        code = try_call(work, items, in, out);
    } else {
        rpi_task_begin(&work->task, items.begin);
        code = job->range(&work->task, items, in, out);
    }
    return code == 0 ? RP_OK : rpi_work_failed(work, code);
}

/* An item has failed for good. Is the next one to be begun? */
static bool go_on_after(struct work *work, int64_t item, void *out, uint8_t *status, int code)
{
    rp_status failed = rpi_work_failed(work, code);
    set_statuses(status, 1, failed);
    restore(work, item, 1, out);
    return !work->stopping;
}

/* Calls the program for each item. */
__attribute__((always_inline)) static inline int64_t compute_each(struct work *work, rp_range piece,
                                                                  void *const *at, bool careful)
{
    const rp_map_job *job = work->closure;
    const char *in = at[INPUT];
    char *out = at[RESULTS];
    uint8_t *statuses = at[STATUSES];
    size_t in_step = in != NULL ? job->in_size : 0, out_step = out != NULL ? job->out_size : 0;
    for (int64_t item = piece.begin; item < piece.end; item++) {
        if (board_stopped(work->pool->board)) {
            work->stopping = true;
            return item - piece.begin;
        }
        rpi_task_begin(&work->task, item);
        int code = careful ? try_call(work, (rp_range){item, item + 1}, in, out)
                           : job->item(&work->task, in, out);
        set_statuses(statuses, statuses != NULL, RP_OK);
        if (code != 0 && !go_on_after(work, item, out, statuses, code))
            return item + 1 - piece.begin;
        in += in_step;
        out += out_step;
        statuses += statuses != NULL;
    }
    return piece.end - piece.begin;
}

static int64_t compute_items(struct work *work, rp_range piece, void *const *at)
{
    return compute_each(work, piece, at, false);
}

static int64_t compute_items_carefully(struct work *work, rp_range piece, void *const *at)
{
    return compute_each(work, piece, at, true);
}

/* An element that is where it belongs. */
static void *at_hand(const struct reach *reach, int64_t item)
{
    return reach->size > 0 ? reach->here + (size_t)item * reach->size : NULL;
}

/* The shortest way from one item to the next: a single one costs a claim, and the call. */
static bool compute_slices(struct work *work, rp_range *slice, int64_t *done)
{
    rp_loop *loop = &work->pool->loop;
    const struct reach *reach = work->reaches.reach;
    rp_range taken;
    while (loop_next(loop, &taken)) {
        void *const at[] = {[INPUT] = at_hand(&reach[INPUT], taken.begin),
                            [RESULTS] = at_hand(&reach[RESULTS], taken.begin),
                            [STATUSES] = at_hand(&reach[STATUSES], taken.begin)};
        int64_t computed = compute_each(work, taken, at, false);
        if (work->stopping || computed < taken.end - taken.begin) {
            *slice = taken;
            *done = computed;
            return false;
        }
    }
    return true;
}

/* Calls the program for the whole piece. */
static int64_t compute_range(struct work *work, rp_range piece, void *const *at)
{
    int64_t items = piece.end - piece.begin;
    rp_status status = do_range(work, piece, at[INPUT], at[RESULTS]);
    set_statuses(at[STATUSES], items, status);
    if (status != RP_OK)
        restore(work, piece.begin, items, at[RESULTS]);
    return status != RP_ERR_CANCELLED ? items : 0;
}

/* Before anybody computes: no item has been begun. */
static void begin_statuses(struct work *work, rp_error *error)
{
    (void)error;
    const rp_map_job *job = work->closure;
    if (work->pool->world.rank == work->pool->world.root)
        set_statuses(job->options.item_status, job->n, RP_ERR_CANCELLED);
}

/* What was given up, because it was at hand when ranks died, the root notes. */
static void note_lost(const struct work *work)
{
    const rp_map_job *job = work->closure;
    const rp_pool *pool = work->pool;
    struct span lost = {0, 0};
    bool noted = pool->world.rank == pool->world.root && job->options.item_status != NULL;
    while (noted && rpi_estate_next_given_up(rpi_board_estate(pool->board), &lost)) {
        rp_range items = units_to_items(&work->units, lost);
        set_statuses(job->options.item_status + items.begin, items.end - items.begin, RP_ERR_LOST);
    }
    lost = (struct span){0, 0};
    while (noted && rpi_rounds_next_given_up(pool, &lost)) {
        rp_range items = units_to_items(&work->units, lost);
        set_statuses(job->options.item_status + items.begin, items.end - items.begin, RP_ERR_LOST);
    }
}

/* What tells the job from others, for what is kept of it. */
static struct job_form form_of(const rp_pool *pool, const rp_map_job *job)
{
    return (struct job_form){.kind = JOURNAL_ITEMS,
                             .n = job->n,
                             .in_bytes = (int64_t)job->in_size,
                             .out_bytes = (int64_t)job->out_size,
                             .seed = job->options.seed,
                             .inputs = rpi_keeping_inputs(pool, job->in, job->n, job->in_size)};
}

/* Meets to open the job. With `form` its work is kept. */
static rp_status open_job(rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                          struct choice *choice, struct job_form *form)
{
    static const rp_map_job no_job;
    struct ballot ballot = rpi_ballot(CALL_MAP);
    const rp_map_job *asked = job != NULL ? job : &no_job;
    if (job == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no job");
    else
        check(pool, job, arrays, choice, &ballot.error);
    if (pool->checkpoint != NULL && ballot.error.status == RP_OK) {
        *form = form_of(pool, job);
        rpi_checkpoint_check(pool, form, &ballot.error);
    }
    set_terms(&ballot, asked, choice);
    rpi_watch_provide(pool, &asked->options, &ballot.error);
    return rpi_pool_meet(pool, &ballot);
}

static rp_status work_off(rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                          struct choice choice, struct keeping *keeping)
{
    bool careful = rpi_trial_needed(&job->options);
    struct work work = {
        .pool = pool,
        .units = rpi_units_cut(job->n),
        .choice = choice,
        .call_seconds = job->options.call_seconds,
        .arrays = arrays,
        .array_count = STATUSES + 1,
        .piece = rpi_work_piece(arrays, STATUSES + 1),
        .begin = begin_statuses,
        .compute = job->range != NULL ? compute_range
                   : careful          ? compute_items_carefully
                                      : compute_items,
        .do_at_hand = job->item != NULL && !careful ? compute_slices : NULL,
        .closure = (void *)(uintptr_t)job,
        .keeping = keeping,
        .fragile = job->in != NULL && job->in == job->out,
        .keeps_going = job->options.on_failure == RP_KEEP_GOING,
        .task = {.user = job->options.user, .seed = job->options.seed, .pool = pool},
        .careful = careful,
        .trials = {.pool = pool, .options = &job->options, .task = &work.task},
    };
    rp_status status = rpi_work_off(&work);
    if (status == RP_ERR_LOST || status == RP_ERR_TASK)
        note_lost(&work);
    return status;
}

static rp_status work_off_and_keep(rp_pool *pool, const rp_map_job *job, const struct array *arrays,
                                   struct choice choice, const struct job_form *form)
{
    struct map_keeping keeping;
    rpi_map_keeping_begin(&keeping, pool, form, RESULTS, STATUSES, job->item != NULL);
    rp_status status = work_off(pool, job, arrays, choice, &keeping.keeping);
    rpi_map_keeping_end(&keeping, status);
    return status;
}

static rp_status map(rp_pool *pool, const rp_map_job *job)
{
    static const rp_map_job no_job;
    const rp_map_job *asked = job != NULL ? job : &no_job;
    struct array arrays[] = {
        [INPUT] = {"in", (void *)(uintptr_t)asked->in, asked->in_size, asked->in_place, false,
                   false, RP_ON_ROOT},
        [RESULTS] = {"out", asked->out, asked->out_size, asked->out_place, true, false, RP_ON_ROOT},
        [STATUSES] = {"item_status", asked->options.item_status, 1, RP_ON_ROOT, true, true,
                      RP_ON_ROOT},
    };
    struct choice choice = {RP_ADAPTIVE, 0};
    struct job_form form;
    rp_status status = open_job(pool, job, arrays, &choice, &form);
    if (status != RP_OK)
        return status;
    rpi_arrays_bring_home(pool, arrays, STATUSES + 1);
    return pool->checkpoint != NULL ? work_off_and_keep(pool, job, arrays, choice, &form)
                                    : work_off(pool, job, arrays, choice, NULL);
}

rp_status rp_map(rp_pool *pool, const rp_map_job *job)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_survival_enter(pool);
    rp_status status = map(pool, job);
    rpi_survival_leave(pool);
    return status;
}
