#include "worklist/bound.h"

#include "base/error.h"
#include "base/round_up.h"
#include "diag/check.h"
#include "worklist/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool job_bounded(const rp_worklist_job *job)
{
    return job->goal != RP_GOAL_NONE;
}

rp_status rpi_bound_check(const rp_pool *pool, const rp_worklist_job *job, rp_error *error)
{
    if ((int)job->goal < RP_GOAL_NONE || (int)job->goal > RP_GOAL_MAXIMISE)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "goal is %d, which is no choice",
                             (int)job->goal);
    if (!job_bounded(job) && (job->best != NULL || job->witness != NULL || job->witness_size > 0))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "best and witness are for branch and bound: set a goal as well");
    if (!job_bounded(job))
        return RP_OK;
    if (job->best == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "best must be set on every rank, where there is a goal");
    if ((job->witness == NULL) != (job->witness_size == 0) || job->witness_size > PTRDIFF_MAX / 4)
        return rpi_error_set(
            error, RP_ERR_ARGUMENT,
            "witness and witness_size must both be set, on every rank, or neither");
    if (check_array(pool, "best", job->best, sizeof *job->best, error) != RP_OK)
        return error->status;
    return check_array(pool, "witness", job->witness, job->witness_size, error);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t bound_place_bytes(const rp_worklist_job *job)
{
    return job_bounded(job) ? sizeof(struct tree_place) : 0;
}

static size_t bound_result_offset(const rp_worklist_job *job)
{
    return round_up(job->result_size, DEQUE_ALIGNED);
}

static struct incumbent *bound_incumbent(const rp_worklist_job *job, void *result)
{
    return (struct incumbent *)((char *)result + bound_result_offset(job));
}

size_t rpi_bound_item_bytes(const rp_worklist_job *job)
{
    return bound_place_bytes(job) + job->item_size;
}

size_t rpi_bound_result_bytes(const rp_worklist_job *job)
{
    return job_bounded(job)
               ? bound_result_offset(job) + sizeof(struct incumbent) + job->witness_size
               : job->result_size;
}

size_t rpi_bound_shared_bytes(const rp_worklist_job *job)
{
    return job_bounded(job) ? sizeof(struct shared_incumbent) : 0;
}

struct shared_incumbent *rpi_bound_shared(const rp_worklist_job *job, struct deque_group *group)
{
    const struct deque_shape *shape = &rpi_deque_group_at(group, 0)->shape;
    char *behind = (char *)group + rpi_deque_group_bytes(group->deques, shape);
    return job_bounded(job) ? (struct shared_incumbent *)behind : NULL;
}

void *rpi_bound_identity(const rp_worklist_job *job)
{
    void *identity = calloc(1, rpi_bound_result_bytes(job));
    if (identity == NULL)
        return NULL;
    if (job->result_size > 0)
        memcpy(identity, job->identity, job->result_size);
    if (job_bounded(job))
        bound_incumbent(job, identity)->value = NO_INCUMBENT;
    return identity;
}

void rpi_bound_make(const rp_worklist_job *job, struct deque_group *group)
{
    if (job_bounded(job))
        rpi_incumbent_make(rpi_bound_shared(job, group));
}

void rpi_bound_store_seed(const rp_worklist_job *job, void *to, const void *item)
{
    if (job_bounded(job))
        rpi_place_seed(to);
    memcpy((char *)to + bound_place_bytes(job), item, job->item_size);
}

/* ---- results --------------------------------------------------------------------------------- */

bool rpi_bound_result_valid(const rp_worklist_job *job, const void *result)
{
    return !job_bounded(job) || bound_incumbent(job, (void *)result)->place.depth <= PLACE_LEVELS;
}

void rpi_bound_best(const rp_worklist_job *job, const void *result, struct incumbent *best)
{
    *best = (struct incumbent){.value = NO_INCUMBENT};
    if (job_bounded(job))
        *best = *bound_incumbent(job, (void *)result);
}

int rpi_bound_combine(const rp_worklist_job *job, void *left, const void *right)
{
    if (job_bounded(job))
        rpi_incumbent_join(bound_incumbent(job, left), bound_incumbent(job, (void *)right),
                           job->witness_size);
    return job->result_size > 0 ? job->combine(left, right, job->options.user) : 0;
}

void rpi_bound_deliver(const rp_worklist_job *job, void *result)
{
    if (job->result_size > 0)
        memcpy(job->result, result, job->result_size);
    if (!job_bounded(job))
        return;
    struct incumbent *incumbent = bound_incumbent(job, result);
    *job->best = rpi_incumbent_double(incumbent->value, job->goal == RP_GOAL_MAXIMISE);
    if (job->witness != NULL && incumbent->value != NO_INCUMBENT)
        memcpy(job->witness, incumbent_witness(incumbent), job->witness_size);
}

/* ---- ranks ----------------------------------------------------------------------------------- */

struct worker_bound rpi_worker_bound(const rp_worklist_job *job, struct deque_group *group)
{
    if (!job_bounded(job))
        return (struct worker_bound){.shared = NULL};
    return (struct worker_bound){.shared = rpi_bound_shared(job, group),
                                 .maximise = job->goal == RP_GOAL_MAXIMISE,
                                 .at_once = job->options.retries == 0,
                                 .place_bytes = bound_place_bytes(job),
                                 .result_offset = bound_result_offset(job),
                                 .witness_size = job->witness_size,
                                 .seen = {.value = NO_INCUMBENT}};
}

void rpi_bound_share(struct worker_bound *bound, const void *result)
{
    const void *incumbent = (const char *)result + bound->result_offset;
    rpi_bound_merge(bound->shared, ((const struct incumbent *)incumbent)->value);
    bound->unshared = !rpi_incumbent_share(bound->shared, incumbent);
}

static struct incumbent *worker_incumbent(struct worklist_worker *worker)
{
    return (struct incumbent *)(worker->owner.result->bytes + worker->bound.result_offset);
}

/* Is there an incumbent with the best value, `best`, that comes before the current item and all its
 * descendants? This rank's own may be uncommitted: if it is lost, so is what was left out for
 * it. */
static bool worker_preceded(struct worklist_worker *worker, uint64_t best)
{
    struct worker_bound *bound = &worker->bound;
    const struct incumbent *own = worker_incumbent(worker);
    if (own->value == best && (bound->found_in == bound->call ||
                               rpi_incumbent_order(own, worker->task.item, bound->place) < 0))
        return true;
    rpi_incumbent_look(bound->shared, &bound->seen, &bound->seen_version);
    return bound->seen.value == best &&
           rpi_incumbent_order(&bound->seen, worker->task.item, bound->place) < 0;
}

double rp_task_bound(const rp_task *task)
{
    if (task->worker == NULL || task->worker->bound.shared == NULL)
        return NAN;
    const struct worker_bound *bound = &task->worker->bound;
    return rpi_incumbent_double(bound_best(bound->shared), bound->maximise);
}

bool rp_task_prunable(const rp_task *task, double bound)
{
    struct worklist_worker *worker = task->worker;
    if (worker == NULL || worker->bound.shared == NULL || isnan(bound))
        return false;
    uint64_t value = rpi_incumbent_value(bound, worker->bound.maximise);
    uint64_t best = bound_best(worker->bound.shared);
    return value > best || (value == best && worker_preceded(worker, best));
}

/* Does the current item's value come before that of this rank's incumbent? */
static bool worker_improves(struct worklist_worker *worker, uint64_t value, const void *witness)
{
    const struct worker_bound *bound = &worker->bound;
    const struct incumbent *own = worker_incumbent(worker);
    if (value != own->value)
        return value < own->value;
    if (bound->found_in == bound->call)
        return false;
    int order = rpi_incumbent_order(own, worker->task.item, bound->place);
    if (order == 0 && bound->witness_size > 0)
        return memcmp(witness, incumbent_witness(own), bound->witness_size) < 0;
    return order > 0;
}

int rp_task_improve(rp_task *task, double value, const void *witness)
{
    struct worklist_worker *worker = task->worker;
    if (worker == NULL || worker->bound.shared == NULL)
        return rp_task_fail(task, task->item, 1,
                            "rp_task_improve() is for tasks of rp_worklist() with a goal");
    if (isnan(value))
        return rp_task_fail(task, task->item, 1, "rp_task_improve() was given NaN as a value");
    struct worker_bound *bound = &worker->bound;
    uint64_t word = rpi_incumbent_value(value, bound->maximise);
    if (!worker_improves(worker, word, witness))
        return 0;
    struct incumbent *own = worker_incumbent(worker);
    own->value = word;
    own->seed = task->item;
    own->place = *bound->place;
    if (bound->witness_size > 0)
        memcpy(own + 1, witness, bound->witness_size);
    bound->found_in = bound->call;
    bound->unshared = true;
    if (bound->at_once)
        rpi_bound_merge(bound->shared, word);
    return 0;
}
