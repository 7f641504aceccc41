#include "engine/loop.h"

#include "api/process.h"
#include "base/cpuset.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/round_up.h"
#include "checkpoint/checkpoint.h"
#include "collective/node_aggregate.h"
#include "collective/node_exchange.h"
#include "diag/crash.h"
#include "diag/diagnosis.h"
#include "grid/grid.h"
#include "launch/mpirun.h"
#include "launch/rank_client.h"
#include "launch/rank_state.h"
#include "observe/hooks.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Pools of this process, which several threads may open and close. Only the number counts, so
 * relaxed. */
static _Atomic int pools_open;

/* Offsets in the memory that the ranks of a node share, besides the agreement's segment. The work
 * queue comes first. */
struct shared_layout {
    size_t activities, aggregates, rings, mailboxes, bytes;
};

static struct shared_layout shared_layout(int node_ranks)
{
    struct shared_layout layout;
    layout.activities = round_up(rpi_work_queue_bytes((uint32_t)node_ranks), APART);
    layout.aggregates = layout.activities + round_up(rpi_activities_bytes(node_ranks), APART);
    layout.rings = layout.aggregates + round_up(rpi_aggregate_bytes(), APART);
    layout.mailboxes = layout.rings + round_up(rpi_node_exchange_bytes(node_ranks), APART);
    /* One more mailbox, for the root on other nodes. */
    layout.bytes = layout.mailboxes + ((size_t)node_ranks + 1) * MAILBOX_BYTES;
    return layout;
}

static size_t shared_bytes(int node_ranks)
{
    return shared_layout(node_ranks).bytes;
}

static void shared_prepare(void *work_queue, int node_ranks)
{
    rpi_work_queue_make(work_queue, (uint32_t)node_ranks);
}

static bool config_thread_level_valid(int level)
{
    return level == 0 || level == MPI_THREAD_SINGLE || level == MPI_THREAD_FUNNELED ||
           level == MPI_THREAD_SERIALIZED || level == MPI_THREAD_MULTIPLE;
}

static rp_status config_check(const rp_config *config, int ranks, rp_error *error)
{
    if (!rpi_reserved_zero(config->reserved, sizeof config->reserved / sizeof config->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "config.reserved is not zero");
    if (config->root < 0 || config->root >= ranks)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "config.root is %d, but the ranks are 0 to %d",
                             config->root, ranks - 1);
    if (config->node_size < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "config.node_size is %d: give 0 or more",
                             config->node_size);
    if (!isfinite(config->heartbeat_timeout) || config->heartbeat_timeout < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.heartbeat_timeout is %g: give 0 or more",
                             config->heartbeat_timeout);
    if (!isfinite(config->watchdog_seconds) || config->watchdog_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.watchdog_seconds is %g: give 0 or more",
                             config->watchdog_seconds);
    if (!config_thread_level_valid(config->thread_level))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.thread_level is %d: give 0 or an MPI_THREAD_ constant",
                             config->thread_level);
    return RP_OK;
}

/* This rank's request, and its first error in *mine. */
static struct world_request config_request(const rp_config *config, int ranks, rp_error *mine)
{
    int64_t node_size = config->node_size;
    if (mine->status == RP_OK && config_check(config, ranks, mine) == RP_OK && node_size == 0)
        rpi_environment_integer("RANKPOOL_NODE_SIZE", 0, INT_MAX, &node_size, mine);
    bool survive = rpi_environment_switch("RANKPOOL_SURVIVE", config->survive_deaths, mine);
    bool check = rpi_environment_switch("RANKPOOL_CHECK", config->check, mine);
    return (struct world_request){.root = config->root,
                                  .node_size = (int)node_size,
                                  .thread_level = config->thread_level,
                                  .survive_deaths = survive,
                                  .check = check,
                                  .extra_bytes = shared_bytes,
                                  .extra_prepare = shared_prepare};
}

/* Practically for ever, and small enough for every type that holds a time. */
static const double longest_seconds = 1e9;

/* A time of the configuration or, if that is 0, of a variable. */
static double config_seconds(double seconds, const char *variable, rp_error *mine)
{
    if (seconds <= 0 && mine->status == RP_OK)
        rpi_environment_seconds(variable, &seconds, mine);
    return fmin(seconds, longest_seconds);
}

/* How long a node may be silent. */
static double config_heartbeat_timeout(const rp_config *config, rp_error *mine)
{
    const double usual = 60;
    double seconds = config_seconds(config->heartbeat_timeout, "RANKPOOL_HEARTBEAT", mine);
    return seconds > 0 ? seconds : usual;
}

/* Do agents get threads? Not if MPI does not allow concurrent calls, nor if RANKPOOL_AGENT=poll. */
static bool config_agent_threads(rp_error *mine)
{
    int level;
    const char *text = rpi_environment_text("RANKPOOL_AGENT");
    bool poll = text != NULL && strcmp(text, "poll") == 0;
    bool thread = text != NULL && strcmp(text, "thread") == 0;
    if (text != NULL && !poll && !thread && mine->status == RP_OK)
        rpi_error_set(mine, RP_ERR_ARGUMENT, "RANKPOOL_AGENT=\"%s\": give thread or poll", text);
    MPI_Query_thread(&level);
    return level == MPI_THREAD_MULTIPLE && !poll;
}

static rp_status comm_check(MPI_Comm comm, rp_error *error)
{
    int initialised, finalised, inter;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    if (!initialised || finalised)
        return rpi_error_set(error, RP_ERR_STATE,
                             "MPI is not initialised; rp_open() would do that");
    if (comm == MPI_COMM_NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the communicator is MPI_COMM_NULL");
    MPI_Comm_test_inter(comm, &inter);
    if (inter)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "the communicator is an intercommunicator; merge it first");
    return RP_OK;
}

static bool comm_is_first(MPI_Comm comm)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    return rank == 0;
}

/* A pool with what the modules keep for it. The pool is the first member, so free() of it frees
 * all. */
struct pool_with_modules {
    rp_pool pool;
    struct collectives collectives;
    struct grids grids;
    struct diagnosis diag;
    struct survival survival;
    struct observation observe;
};

/* Sets the pool's pointers to the modules. */
static rp_pool *pool_join_modules(struct pool_with_modules *modules)
{
    rp_pool *pool = &modules->pool;
    pool->bytes = sizeof *modules;
    pool->collectives = &modules->collectives;
    pool->grids = &modules->grids;
    pool->diag = &modules->diag;
    pool->survival = &modules->survival;
    pool->observe = &modules->observe;
    return pool;
}

/* Sets the pointers to the pool's parts in node memory. */
static void pool_find_shared(rp_pool *pool)
{
    char *shared = pool->world.extra;
    const struct shared_layout layout = shared_layout(pool->world.node_ranks);
    pool->work_queue = (struct work_queue *)shared;
    pool->survival->mailboxes = shared + layout.mailboxes;
    pool->diag->activities = (struct activities *)(shared + layout.activities);
    pool->diag->activity = &pool->diag->activities->of[pool->world.node_rank];
    pool->collectives->aggregate = (struct aggregate *)(shared + layout.aggregates);
    pool->collectives->rings = (struct ring *)(shared + layout.rings);
    atomic_store_explicit(&pool->diag->activity->rank, pool->world.rank, memory_order_relaxed);
}

/* *mine: this rank's error; all ranks learn of it. */
static rp_status pool_create(MPI_Comm comm, const rp_config *config, rp_pool *pool, rp_error *mine)
{
    int ranks;
    double seconds = INFINITY;
    MPI_Comm_size(comm, &ranks);
    struct world_request request = config_request(config, ranks, mine);
    pool->ops = &rpi_pool_by_mpi;
    pool->check = request.check;
    pool->agent_threads = config_agent_threads(mine);
    pool->survival_timeout = config_heartbeat_timeout(config, mine);
    /* Without agent threads a node is silent while its first rank computes an item. */
    pool->heartbeat_timeout = pool->agent_threads ? pool->survival_timeout : 0;
    double report_after = config_seconds(config->watchdog_seconds, "RANKPOOL_WATCHDOG", mine);
    rpi_observe_ask(pool, mine);
    if (mine->status == RP_OK)
        rpi_interruption_check(config, &seconds, mine);
    rpi_interruption_install(&pool->diag->interruption, config->handle_signals);
    if (rpi_world_make(&pool->world, comm, &request, mine, rpi_last_open()) != RP_OK)
        goto no_world;
    if (rpi_checkpoint_open(pool, config, rpi_last_open()) != RP_OK)
        goto no_checkpoint;
    pool_find_shared(pool);
    if (config->handle_signals)
        rpi_crash_guard(pool);
    rpi_watchdog_open(&pool->diag->watchdog, pool, report_after);
    rpi_interruption_watch(&pool->diag->interruption, pool->work_queue,
                           pool->world.node_rank == 0 ? seconds : INFINITY);
    rpi_error_clear(&pool->last);
    rpi_observe_open(pool); /* without memory there is no progress report, which is no failure */
    enum rank_state before = rpi_rank_state();
    rpi_rank_state_set(RANK_NEEDED);
    if (rpi_survival_begin(pool, rpi_last_open()) == RP_OK) {
        atomic_fetch_add_explicit(&pools_open, 1, memory_order_relaxed);
        return RP_OK;
    }
    rpi_rank_state_set(before);
    rpi_observe_close(pool);
    rpi_interruption_unwatch(&pool->diag->interruption);
    rpi_watchdog_close(&pool->diag->watchdog);
    rpi_crash_unguard(pool);
    rpi_checkpoint_leave_unfinished(pool);
    rpi_checkpoint_close(pool);
no_checkpoint:
    rpi_world_drop(&pool->world);
no_world:
    rpi_interruption_restore(&pool->diag->interruption);
    return rpi_last_open()->status;
}

rp_status rp_open_comm(MPI_Comm comm, const rp_config *config, rp_pool **pool)
{
    static const rp_config defaults;
    rpi_error_clear(rpi_last_open());
    if (pool != NULL)
        *pool = NULL;
    rpi_last_open_reports(true);
    if (comm_check(comm, rpi_last_open()) != RP_OK)
        return rpi_last_open()->status;
    rpi_last_open_reports(comm_is_first(comm));
    rpi_restore_topology();
    rp_error mine;
    rpi_error_clear(&mine);
    struct pool_with_modules nowhere = {0}, *made = calloc(1, sizeof *made);
    rp_pool *opened = pool_join_modules(made != NULL ? made : &nowhere);
    if (pool == NULL)
        rpi_error_set(&mine, RP_ERR_ARGUMENT, "no place to store the pool in");
    else if (made == NULL)
        rpi_error_set(&mine, RP_ERR_MEMORY, "no memory for a pool");
    rp_status status = pool_create(comm, config != NULL ? config : &defaults, opened, &mine);
    if (status == RP_OK)
        *pool = opened;
    else
        free(made);
    return status;
}

rp_status rp_open(const rp_config *config, rp_pool **pool)
{
    bool initialised;
    rpi_error_clear(rpi_last_open());
    if (pool != NULL)
        *pool = NULL;
    /* An invalid level is refused once the ranks can communicate. */
    enum rank_state before = rpi_rank_state();
    rpi_rank_state_set(RANK_OPENING);
    int level = config != NULL && config_thread_level_valid(config->thread_level)
                    ? config->thread_level
                    : 0;
    rpi_last_open_reports(rp_launched_rank() <= 0);
    /* Ask first: MPI changes the environment of a process that no launcher started. */
    int cores_alone = rp_launched() ? 0 : rpi_cores_usable();
    rpi_prepare_mpi();
    if (rpi_world_join_mpi(level, &initialised, rpi_last_open()) != RP_OK) {
        rpi_rank_state_set(before);
        return rpi_last_open()->status;
    }
    if (initialised)
        rpi_foreign_launcher_warn();
    rpi_single_rank_warn(cores_alone);
    rp_status status = rp_open_comm(MPI_COMM_WORLD, config, pool);
    if (status == RP_OK)
        (*pool)->finalize = initialised;
    else if (initialised)
        MPI_Finalize();
    if (status != RP_OK)
        rpi_rank_state_set(initialised ? RANK_CLOSED : before);
    return status;
}

/* The last agreement of all ranks. Stops a loop that is still open, so that no rank waits in it. */
static rp_status pool_agree_close(rp_pool *pool)
{
    bool in_loop = pool->loop.open;
    struct vote vote = rpi_vote(CALL_CLOSE);
    if (in_loop) {
        rpi_work_queue_stop(pool->work_queue);
        rpi_loop_end(pool, &vote);
        rpi_survival_leave(pool);
    }
    pool->loop.open = false;
    if (in_loop)
        rpi_error_set(&vote.error, RP_ERR_STATE, "the pool was closed with a loop open");
    return rpi_pool_agree(pool, &vote);
}

/* Sets the state of a rank that closes a pool. It stays needed while it has another one open. */
static void rank_leave_pool(enum rank_state rank_state)
{
    bool another = atomic_load_explicit(&pools_open, memory_order_relaxed) > 0;
    rpi_rank_state_set(another ? RANK_NEEDED : rank_state);
}

/* Does MPI_Finalize() wait for this rank, and would its death be noticed there? The root stays
 * needed: its results may not be written yet. */
static void pool_set_finalizing_state(const rp_pool *pool)
{
    if (!pool->finalize)
        rank_leave_pool(RANK_LAUNCHED);
    else
        rank_leave_pool(pool->survival->dispensable ? RANK_LEAVING : RANK_NEEDED);
}

/* No rank waits for this rank any more. If others have died, MPI is not finalised. */
static void pool_set_final_state(const rp_pool *pool, bool others_died)
{
    bool root = pool->world.rank == pool->world.root;
    rank_leave_pool(others_died && !root ? RANK_LEAVING : RANK_CLOSED);
}

static void pool_drop(rp_pool *pool, bool mpi_lives)
{
    bool finalised = true;
    rpi_pool_drop_allocations(pool);
    pool_set_finalizing_state(pool);
    if (mpi_lives)
        rpi_world_leave_mpi(&pool->world);
    if (pool->finalize && mpi_lives && pool->survives)
        finalised = rpi_finalize(&pool->world.liveness);
    else if (pool->finalize && mpi_lives)
        MPI_Finalize();
    if (mpi_lives)
        rpi_world_drop(&pool->world);
    if (pool->finalize)
        pool_set_final_state(pool, !finalised);
    if (!finalised)
        rpi_rank_leave_abruptly();
    rpi_survival_end(pool);
}

rp_status rp_close(rp_pool **pool)
{
    if (pool == NULL || *pool == NULL)
        return RP_OK;
    rp_pool *closing = *pool;
    *pool = NULL;
    atomic_fetch_sub_explicit(&pools_open, 1, memory_order_relaxed);
    int finalised;
    MPI_Finalized(&finalised);
    rpi_survival_enter(closing);
    if (closing->loop.open)
        rpi_loop_saving_end(&closing->loop, RP_ERR_STATE);
    rpi_checkpoint_seal(closing);
    rp_status status = finalised ? RP_ERR_STATE : pool_agree_close(closing);
    rpi_watchdog_close(&closing->diag->watchdog);
    rpi_crash_unguard(closing);
    rpi_interruption_unwatch(&closing->diag->interruption);
    rpi_files_drop(closing);
    rpi_observe_close(closing);
    rpi_grids_drop(closing, status);
    rpi_rounds_end(closing);
    bool lost = closing->world.agreement.lost > 0;
    rpi_hub_close(&closing->world.hub, closing->survival_timeout);
    rpi_survival_leave(closing);
    /* With a node lost, MPI may still have transfers pending, and would wait for them for ever;
     * with a rank lost, it may wait for that rank. */
    if (closing->world.agreement.cut_off || lost) {
        pool_set_final_state(closing, lost);
        rpi_world_forget(&closing->world);
    } else {
        pool_drop(closing, !finalised);
    }
    rpi_interruption_restore(&closing->diag->interruption);
    /* Last, since this removes the checkpoint: finalising MPI takes a while, and a process killed
     * during it would lose its finished work. */
    rpi_checkpoint_close(closing);
    free(closing);
    return status;
}

bool rp_survives(const rp_pool *pool)
{
    return pool->survives;
}

int rp_ranks_lost(const rp_pool *pool)
{
    return pool->world.agreement.lost;
}

int rp_rank(const rp_pool *pool)
{
    return pool->world.rank;
}

int rp_ranks(const rp_pool *pool)
{
    return pool->world.ranks;
}

int rp_root(const rp_pool *pool)
{
    return pool->world.root;
}

int rp_node(const rp_pool *pool)
{
    return pool->world.node;
}

int rp_nodes(const rp_pool *pool)
{
    return pool->world.nodes;
}

int rp_node_rank(const rp_pool *pool)
{
    return pool->world.node_rank;
}

int rp_node_ranks(const rp_pool *pool)
{
    return pool->world.node_ranks;
}
