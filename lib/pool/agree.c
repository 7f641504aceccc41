/* Agreement on a call of a pool, and the calls that consist of an agreement. */
#include "base/error.h"
#include "engine/task.h"
#include "pool/pool.h"

#include <inttypes.h>

/* The error names the task, the most common place of such a call. */
rp_status rpi_pool_check_idle(rp_pool *pool)
{
    const struct rp_task *task = pool->loop.task;
    if (!pool->loop.open)
        return RP_OK;
    if (task == NULL)
        return rpi_error_set(&pool->last, RP_ERR_STATE,
                             "a loop is open on this pool; close it first");
    return rpi_error_set(&pool->last, RP_ERR_STATE,
                         "this rank is inside a task of %s()%s%.100s%s, at item %" PRId64
                         ": no other call on its pool is possible from there",
                         rpi_call_name(task->call), task->job_name != NULL ? " \"" : "",
                         task->job_name != NULL ? task->job_name : "",
                         task->job_name != NULL ? "\"" : "", task->item);
}

/* Runs the hooks before an agreement. Returns the vote, or a copy with the error of a hook. */
static const struct vote *hooks_before(rp_pool *pool, const struct vote *vote, struct vote *failed)
{
    rp_error error; /* set only by a hook that fails */
    for (int i = 0; i < AGREEMENT_HOOKS; i++) {
        const struct agreement_hook *hook = pool->hooks[i];
        if (hook == NULL || hook->before == NULL ||
            hook->before(pool, vote->call, &error) == RP_OK || vote->error.status != RP_OK)
            continue;
        *failed = *vote;
        failed->error = error;
        vote = failed;
    }
    return vote;
}

void rpi_pool_enough(rp_pool *pool, int64_t item)
{
    pool->loop.enough = true;
    rpi_work_queue_enough(pool->work_queue, item);
}

/* Votes carry one error, the lowest item's. So a job that has found enough votes for an error of an
 * item above all others: real errors win, and of several such items the lowest. */
static const int64_t above_all_items = INT64_C(1) << 62;

void rpi_enough_vote(struct vote *vote, int64_t item)
{
    rpi_error_set(&vote->error, RP_ERR_CANCELLED, "enough");
    vote->error.item = above_all_items + (item < above_all_items ? item : above_all_items - 1);
}

/* After the agreement that ends a job: that it has found enough is a success. */
static rp_status pool_take_enough(rp_pool *pool)
{
    rp_error *last = &pool->last;
    if (last->status == RP_ERR_CANCELLED && last->item >= above_all_items) {
        pool->enough = last->item - above_all_items + 1;
        rpi_error_clear(last);
    }
    return last->status;
}

int64_t rp_enough_item(const rp_pool *pool)
{
    return pool->enough - 1;
}

rp_status rpi_pool_agree(rp_pool *pool, const struct vote *vote)
{
    bool ends_loop = vote->call == CALL_LOOP_CLOSE || vote->call == CALL_LOOP_ROUND;
    if (!ends_loop && rpi_pool_check_idle(pool) != RP_OK)
        return pool->last.status;
    struct vote failed;
    const struct vote *mine = hooks_before(pool, vote, &failed);
    rp_status status = rpi_agree(&pool->world.agreement, mine, &pool->last);
    if (ends_loop)
        status = pool_take_enough(pool);
    for (int i = AGREEMENT_HOOKS; i-- > 0;)
        if (pool->hooks[i] != NULL && pool->hooks[i]->after != NULL)
            pool->hooks[i]->after(pool, vote->call, status);
    return status;
}

rp_status rpi_pool_agree_prepared(rp_pool *pool)
{
    struct vote vote = rpi_vote(CALL_PREPARED);
    vote.error = pool->last;
    return rpi_pool_agree(pool, &vote);
}

static rp_status agree_only(rp_pool *pool, enum call call)
{
    if (pool == NULL)
        return rpi_refuse_null(rpi_call_name(call), "pool");
    struct vote vote;
    rpi_vote_begin(&vote, call);
    return rpi_pool_agree(pool, &vote);
}

rp_status rp_barrier(rp_pool *pool)
{
    return agree_only(pool, CALL_BARRIER);
}

/* An agreement orders the ranks' stores before it against their loads after it. */
rp_status rp_node_sync(rp_pool *pool)
{
    return agree_only(pool, CALL_NODE_SYNC);
}

rp_status rp_agree(rp_pool *pool, rp_status mine, rp_status *worst)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    if (pool->loop.open)
        return agree_only(pool, CALL_AGREE);
    struct vote vote = rpi_vote(CALL_AGREE);
    if (mine != RP_OK)
        rpi_error_set(&vote.error, mine, "rank %d reported: %s", pool->world.rank,
                      rp_strerror(mine));
    rp_status agreed = rpi_pool_agree(pool, &vote);
    /* Ranks out of step are an error of this call; any other status is what the ranks reported. */
    rp_status step = pool->world.agreement.out_of_step.status;
    if (step == RP_OK && worst != NULL)
        *worst = agreed;
    return step == RP_OK ? RP_OK : agreed;
}
