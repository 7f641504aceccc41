/* Meeting for a call on a pool, and the calls that only meet. */
#include "base/error.h"
#include "pool/checkpoint.h"
#include "pool/grid.h"
#include "pool/sight.h"
#include "pool/survival.h"

rp_status rpi_pool_meet(rp_pool *pool, const struct ballot *ballot)
{
    bool ends_loop = ballot->call == CALL_LOOP_CLOSE || ballot->call == CALL_LOOP_ROUND;
    if (pool->loop.open && !ends_loop)
        return rpi_error_set(&pool->last, RP_ERR_STATE,
                             "a loop is open on this pool; close it first");
    rpi_grids_meet(pool);
    bool survives = rpi_call_survives(ballot->call);
    if (survives)
        rpi_survival_enter(pool);
    rpi_doing_meet(pool->doing, pool->world.meeting.number + 1, ballot->call);
    double begin = sight_now(pool);
    rp_status status = rpi_meet(&pool->world.meeting, ballot, &pool->last);
    rpi_doing_met(pool->doing);
    if (status != RP_OK)
        rpi_checkpoint_leave_unfinished(pool);
    rpi_sight_meeting(pool->recorder, ballot->call, begin);
    if (survives)
        rpi_survival_leave(pool);
    return status;
}

static rp_status only_meet(rp_pool *pool, enum call call)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    struct ballot ballot = rpi_ballot(call);
    return rpi_pool_meet(pool, &ballot);
}

rp_status rp_barrier(rp_pool *pool)
{
    return only_meet(pool, CALL_BARRIER);
}

/* A meeting orders what its ranks stored before it against what they load after it. */
rp_status rp_node_sync(rp_pool *pool)
{
    return only_meet(pool, CALL_NODE_SYNC);
}

rp_status rp_agree(rp_pool *pool, rp_status mine, rp_status *worst)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    if (pool->loop.open)
        return only_meet(pool, CALL_AGREE);
    struct ballot ballot = rpi_ballot(CALL_AGREE);
    if (mine != RP_OK)
        rpi_error_set(&ballot.error, mine, "rank %d reported: %s", pool->world.rank,
                      rp_strerror(mine));
    rp_status told = rpi_pool_meet(pool, &ballot);
    /* A verdict on the ranks' step is an error of this call; everything else is what they told. */
    rp_status step = pool->world.meeting.lost_step.status;
    if (step == RP_OK && worst != NULL)
        *worst = told;
    return step == RP_OK ? RP_OK : told;
}
