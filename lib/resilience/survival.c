#include "resilience/survival.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/message.h"
#include "comm/cma.h"
#include "comm/mpi_error.h"
#include "launch/rank_state.h"
#include "launch/slurm_keepalive.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Says on stderr, on the root only, why ranks cannot survive although survival was requested. */
static void survival_warn(const rp_pool *pool, const char *why)
{
    if (pool->world.rank == pool->world.root)
        rpi_message("rankpool: ranks will not survive the death of others: %s\n", why);
}

/* Can this rank reach the memory of all others? */
static bool peers_reachable(const rp_pool *pool)
{
    bool reaches = true;
    for (int i = 0; i < pool->world.node_ranks && reaches; i++) {
        struct peer peer;
        memcpy(&peer, rpi_mailbox(pool, i), sizeof peer);
        reaches = i == pool->world.node_rank || rpi_peer_reachable(&peer);
    }
    return reaches;
}

/* Does the launcher let the other ranks live? mpirun waits for ever for the end of a job that has
 * lost ranks on another machine. */
static bool survival_launched(const rp_pool *pool)
{
    bool one_machine = pool->world.one_machine;
    return (one_machine || rpi_started_by_slurm()) && rpi_launch_survives();
}

/* Reserves the node memory that is created once MPI can no longer be called. */
static rp_status survival_reserve_memory(rp_pool *pool, rp_error *error)
{
    struct world *world = &pool->world;
    if (rpi_node_memory_reserve(world->node_comm, &pool->memory.slot_queue, error) == RP_OK)
        rpi_node_memory_reserve(world->node_comm, &pool->memory.stage, error);
    return rpi_mpi_agree(world->comm, error);
}

/* Connects several nodes by TCP links, which replace MPI. */
static rp_status survival_connect(rp_pool *pool, bool *connected, rp_error *error)
{
    struct world *world = &pool->world;
    *connected = true;
    if (world->nodes == 1)
        return RP_OK;
    if (rpi_hub_open(&world->hub, world, pool->survival_timeout, connected, error) != RP_OK ||
        !*connected)
        return error->status;
    bool root = world->rank == world->root;
    world->agreement.mailbox = rpi_mailbox(pool, root ? world->node_rank : world->node_ranks);
    world->agreement.hub = &world->hub;
    world->agreement.ops = &rpi_agreement_tcp;
    return RP_OK;
}

/* Sets *why to what prevents survival, if anything, the same on all ranks. If that is the launcher,
 * the text is empty unless the environment requested survival: programs that request it know about
 * the launcher. */
static rp_status survival_find_obstacle(rp_pool *pool, const char **why, rp_error *error)
{
    enum {
        KERNEL = 1,
        LAUNCHER = 2
    };
    bool asked = rpi_environment_text("RANKPOOL_SURVIVE") != NULL;
    pool->survival->launch_joined = survival_launched(pool);
    int mine = !pool->survival->launch_joined ? LAUNCHER
               : !peers_reachable(pool)       ? KERNEL
                                              : 0,
        worst = 0;
    int code = MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX, pool->world.comm);
    if (worst == LAUNCHER)
        *why = asked ? "the launcher ends them all when one dies" : "";
    else if (worst == KERNEL)
        *why = "the kernel does not let them read each other's memory";
    return rpi_mpi_check(code, "MPI_Allreduce", error);
}

/* Sets *why, possibly to an empty text, if ranks cannot survive here although nothing failed. */
static rp_status survival_prepare(rp_pool *pool, const char **why, rp_error *error)
{
    bool connected;
    if (survival_find_obstacle(pool, why, error) != RP_OK || *why != NULL)
        return error->status;
    if (survival_reserve_memory(pool, error) != RP_OK)
        return error->status;
    if (survival_connect(pool, &connected, error) != RP_OK)
        return error->status;
    if (!connected)
        *why = pool->world.hub.tcp_links.why_not;
    return RP_OK;
}

void rpi_survival_enter(rp_pool *pool)
{
    if (pool->survival->depth++ == 0 && pool->survival->dispensable)
        rpi_rank_state_set(RANK_DISPENSABLE);
}

/* Also on the root: it may have closed another pool, and so given up its state. */
void rpi_survival_leave(rp_pool *pool)
{
    if (--pool->survival->depth == 0 && pool->survives)
        rpi_rank_state_set(RANK_NEEDED);
}

static rp_status survival_before_agreement(rp_pool *pool, enum call call, rp_error *error)
{
    (void)error;
    if (rpi_call_survives(call))
        rpi_survival_enter(pool);
    return RP_OK;
}

static void survival_after_agreement(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)agreed;
    if (rpi_call_survives(call))
        rpi_survival_leave(pool);
}

static const struct agreement_hook survival_hook = {survival_before_agreement,
                                                    survival_after_agreement};

void rpi_survival_end(rp_pool *pool)
{
    rpi_node_memory_drop(&pool->memory.stage);
    rpi_node_memory_drop(&pool->memory.slot_queue);
    if (pool->survival->launch_joined)
        rpi_launch_part();
    pool->survival->launch_joined = false;
}

/* From here on the ranks survive. */
static void survival_choose(rp_pool *pool)
{
    pool->world.agreement.survives = pool->survives = true;
    pool->survival->dispensable = pool->world.rank != pool->world.root;
    pool->ops = &rpi_pool_without_mpi;
    pool->hooks[HOOK_OF_SURVIVAL] = &survival_hook;
    if (pool->world.nodes == 1)
        return;
    pool->in_rounds = true;
    pool->heartbeat_timeout = 0;
    pool->survival->reports = pool->world.node != pool->world.root_node;
}

static void survival_decline(rp_pool *pool)
{
    rpi_survival_end(pool);
    if (pool->world.nodes == 1)
        return;
    rpi_liveness_leave(&pool->world.liveness);
    pool->world.agreement.liveness = NULL;
    pool->world.agreement.ops = &rpi_agreement_mpi;
}

rp_status rpi_survival_begin(rp_pool *pool, rp_error *error)
{
    const char *why = NULL;
    if (pool->world.liveness.members == 0)
        return RP_OK;
    struct peer self = rpi_peer_self();
    memcpy(rpi_mailbox(pool, pool->world.node_rank), &self, sizeof self);
    if (rpi_mpi_agree(pool->world.comm, error) != RP_OK)
        return error->status;
    rp_status status = survival_prepare(pool, &why, error);
    if (status == RP_ERR_MEMORY) /* no space for the files: the pool works without survival */
        why = error->text;
    if (why != NULL && why[0] != '\0')
        survival_warn(pool, why);
    if (status == RP_OK && why == NULL)
        survival_choose(pool);
    else
        survival_decline(pool);
    if (status == RP_ERR_MEMORY)
        rpi_error_clear(error);
    return error->status;
}

double rpi_survival_look(void *closure)
{
    rp_pool *pool = closure;
    const double look_again = pool->world.liveness.members > 0 ? 20e-3 : INFINITY;
    if (rpi_liveness_look(&pool->world.liveness) == 0)
        return look_again;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        if (rank_lost(pool, i))
            rpi_recovery_lose(pool->work_queue, (uint32_t)i);
    }
    /* A node that has lost its agent leaves the round. On the root's node that is the root, without
     * which the pool is over. */
    if (!pool->survives || rank_lost(pool, pool->loop.agent_at))
        rpi_work_queue_stop(pool->work_queue);
    return look_again;
}

double rpi_survival_attend(void *closure)
{
    rp_pool *pool = closure;
    double agent = pool->loop.attend != NULL ? pool->loop.attend(pool->loop.agent) : INFINITY;
    return fmin(agent, rpi_survival_look(pool));
}

/* ---- units given up -------------------------------------------------------------------------- */

rp_status rpi_survival_error(rp_error *error, int64_t item, uint32_t deaths)
{
    rpi_error_set(error, RP_ERR_LOST,
                  "item %" PRId64 " was in progress when %" PRIu32 " ranks in a row died: given up",
                  item, deaths);
    error->item = item;
    return error->status;
}

void rpi_survival_report(const rp_pool *pool, const struct units *units, rp_error *error)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(pool->work_queue);
    if (error->status != RP_OK)
        return;
    struct unit_range given_up = {0, 0};
    if (rpi_orphaned_work_next_given_up(orphaned_work, &given_up)) {
        rp_range items = units_to_items(units, given_up);
        if (orphaned_work->terms.limit > 1)
            rpi_survival_error(error, items.begin, orphaned_work->terms.limit);
        else
            rpi_error_set(error, RP_ERR_LOST,
                          "item %" PRId64
                          " was in progress when a rank died, and may have changed its "
                          "own input: given up",
                          items.begin);
        error->item = items.begin;
    } else if (atomic_load(&orphaned_work->failed) != 0) {
        rpi_error_set(error, RP_ERR_LOST,
                      "a rank has died, and its unfinished work could not be determined");
    }
}
