#include "api/agreement_hooks.h"

#include "checkpoint/checkpoint.h"
#include "grid/grid.h"
#include "observe/hooks.h"
#include "resilience/survival.h"

/* Informs neighbours that wait for this rank's halo data that none follows. A neighbour that has
 * died must not end a call that survives deaths. */
static rp_status grids_before(rp_pool *pool, enum call call, rp_error *error)
{
    rp_status status = rpi_grids_before_agreement(pool, error);
    return pool->survives && rpi_call_survives(call) ? RP_OK : status;
}

static rp_status survival_before(rp_pool *pool, enum call call, rp_error *error)
{
    (void)error;
    if (rpi_call_survives(call))
        rpi_survival_enter(pool);
    return RP_OK;
}

static void survival_after(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)agreed;
    if (rpi_call_survives(call))
        rpi_survival_leave(pool);
}

/* Shows the watchdog which agreement each rank waits in. */
static rp_status activity_before(rp_pool *pool, enum call call, rp_error *error)
{
    (void)error;
    rpi_activity_begin_agreement(pool->activity, pool->world.agreement.number + 1, call);
    return RP_OK;
}

static void activity_after(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)call;
    (void)agreed;
    rpi_activity_end_agreement(pool->activity);
}

static rp_status recorder_before(rp_pool *pool, enum call call, rp_error *error)
{
    (void)call;
    (void)error;
    if (pool->recorder != NULL)
        pool->recorder->agreement_begun = rpi_clock_seconds();
    return RP_OK;
}

static void recorder_after(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)agreed;
    rpi_observe_agreement(pool->recorder, call);
}

static void checkpoint_after(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)call;
    if (agreed != RP_OK)
        rpi_checkpoint_leave_unfinished(pool);
}

struct agreement_hooks rpi_agreement_hooks(void)
{
    static const struct agreement_hook hooks[] = {
        {grids_before, NULL},
        {survival_before, survival_after},
        {activity_before, activity_after},
        {recorder_before, recorder_after},
        {NULL, checkpoint_after},
    };
    return (struct agreement_hooks){hooks, sizeof hooks / sizeof hooks[0]};
}
