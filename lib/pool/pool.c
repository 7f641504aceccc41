#include "pool/loop.h"

#include "base/environment.h"
#include "base/error.h"
#include "launch/standing.h"
#include "pool/bundle.h"
#include "pool/checkpoint.h"
#include "pool/crash.h"
#include "pool/file.h"
#include "pool/grid.h"
#include "pool/sight.h"
#include "pool/survival.h"
#include "world/foreign_launcher.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the last rp_open() or rp_create() that failed: there is no pool to keep it. */
static _Thread_local rp_error last_open = {.status = RP_OK, .rank = -1, .item = -1};

bool rpi_reserved_zero(const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i] != 0)
            return false;
    }
    return true;
}

static size_t aligned(size_t bytes)
{
    return (bytes + APART - 1) / APART * APART;
}

/* What the ranks of a node share beside the meeting place: the board, the doings, the bundle. */
static size_t doings_offset(int node_ranks)
{
    return aligned(rpi_board_bytes((uint32_t)node_ranks));
}

static size_t bundles_offset(int node_ranks)
{
    return doings_offset(node_ranks) + aligned(rpi_doings_bytes(node_ranks));
}

static size_t notes_offset(int node_ranks)
{
    return bundles_offset(node_ranks) + aligned(rpi_bundle_bytes());
}

static size_t shared_bytes(int node_ranks)
{
    /* One for the root of other nodes. */
    return notes_offset(node_ranks) + ((size_t)node_ranks + 1) * NOTE_BYTES;
}

static void board_prepare(void *board, int node_ranks)
{
    rpi_board_make(board, (uint32_t)node_ranks);
}

static bool valid_thread_level(int level)
{
    return level == 0 || level == MPI_THREAD_SINGLE || level == MPI_THREAD_FUNNELED ||
           level == MPI_THREAD_SERIALIZED || level == MPI_THREAD_MULTIPLE;
}

static rp_status check_config(const rp_config *config, int ranks, rp_error *error)
{
    if (!rpi_reserved_zero(config->reserved, sizeof config->reserved / sizeof config->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "config.reserved is not zero");
    if (config->root < 0 || config->root >= ranks)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "config.root is %d, but the ranks are 0 to %d",
                             config->root, ranks - 1);
    if (config->node_size < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "config.node_size is %d: give 0 or more",
                             config->node_size);
    if (!isfinite(config->silence_seconds) || config->silence_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "config.silence_seconds is %g: give 0 or more",
                             config->silence_seconds);
    if (!isfinite(config->watchdog_seconds) || config->watchdog_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.watchdog_seconds is %g: give 0 or more",
                             config->watchdog_seconds);
    if (!valid_thread_level(config->thread_level))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.thread_level is %d: give 0 or an MPI_THREAD_ constant",
                             config->thread_level);
    return RP_OK;
}

/* What this rank wants, and in *mine what is wrong with it. */
static struct world_request request_of(const rp_config *config, int ranks, rp_error *mine)
{
    int64_t node_size = config->node_size;
    if (mine->status == RP_OK && check_config(config, ranks, mine) == RP_OK && node_size == 0)
        rpi_environment_integer("RANKPOOL_NODE_SIZE", 0, INT_MAX, &node_size, mine);
    return (struct world_request){.root = config->root,
                                  .node_size = (int)node_size,
                                  .thread_level = config->thread_level,
                                  .survive_deaths = rpi_survival_wanted(config, mine),
                                  .extra_bytes = shared_bytes,
                                  .extra_prepare = board_prepare};
}

/* How long a node may be silent. Where ranks take their agents' steps a node is silent while its
 * first rank computes an item, so nobody is watched. */
static double silence_allowed(const rp_config *config, bool agent_threads, rp_error *mine)
{
    const double usual = 60;
    double seconds = config->silence_seconds;
    if (seconds <= 0 && mine->status == RP_OK)
        rpi_environment_seconds("RANKPOOL_SILENCE", &seconds, mine);
    return !agent_threads ? 0 : seconds > 0 ? seconds : usual;
}

/* After how long without progress a report is due; 0: none is. */
static double watchdog_of(const rp_config *config, rp_error *mine)
{
    double seconds = config->watchdog_seconds;
    if (seconds <= 0 && mine->status == RP_OK)
        rpi_environment_seconds("RANKPOOL_WATCHDOG", &seconds, mine);
    return seconds;
}

/* Do agents get threads? Not where MPI cannot be called by two at once, nor where the
 * user says no. */
static bool agent_threads(rp_error *mine)
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

static rp_status check_comm(MPI_Comm comm, rp_error *error)
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

/* *mine: what is wrong on this rank; all ranks will hear of it. */
static rp_status create(MPI_Comm comm, const rp_config *config, rp_pool *pool, rp_error *mine)
{
    int ranks;
    double seconds = INFINITY;
    MPI_Comm_size(comm, &ranks);
    struct world_request request = request_of(config, ranks, mine);
    pool->agent_threads = agent_threads(mine);
    pool->silence_seconds = silence_allowed(config, pool->agent_threads, mine);
    pool->survival_silence = silence_allowed(config, true, mine);
    double watchdog = watchdog_of(config, mine);
    rpi_sight_ask(pool, mine);
    if (mine->status == RP_OK)
        rpi_interruption_check(config, &seconds, mine);
    rpi_interruption_install(&pool->interruption, config->handle_signals);
    if (rpi_world_make(&pool->world, comm, &request, mine, &last_open) != RP_OK) {
        rpi_interruption_restore(&pool->interruption);
        return last_open.status;
    }
    if (rpi_checkpoint_open(pool, config, &last_open) != RP_OK) {
        rpi_world_drop(&pool->world);
        rpi_interruption_restore(&pool->interruption);
        return last_open.status;
    }
    pool->board = pool->world.extra;
    pool->notes = (char *)pool->world.extra + notes_offset(pool->world.node_ranks);
    pool->doings = (struct doings *)((char *)pool->board + doings_offset(pool->world.node_ranks));
    pool->doing = &pool->doings->of[pool->world.node_rank];
    atomic_store_explicit(&pool->doing->rank, pool->world.rank, memory_order_relaxed);
    pool->bundle = (void *)((char *)pool->board + bundles_offset(pool->world.node_ranks));
    if (config->handle_signals)
        rpi_crash_guard(pool);
    rpi_watch_open(&pool->watch, pool, watchdog);
    rpi_interruption_watch(&pool->interruption, pool->board,
                           pool->world.node_rank == 0 ? seconds : INFINITY);
    rpi_error_clear(&pool->last);
    rpi_sight_open(pool); /* without memory for it nobody sees it, which is no reason to fail */
    rpi_standing_set(STANDING_NEEDED);
    if (rpi_survival_begin(pool, &last_open) != RP_OK)
        rpi_world_drop(&pool->world);
    return last_open.status;
}

rp_status rp_create(MPI_Comm comm, const rp_config *config, rp_pool **pool)
{
    static const rp_config defaults;
    rpi_error_clear(&last_open);
    if (pool != NULL)
        *pool = NULL;
    if (check_comm(comm, &last_open) != RP_OK)
        return last_open.status;
    rp_error mine;
    rpi_error_clear(&mine);
    rp_pool nowhere, *made = calloc(1, sizeof *made);
    if (pool == NULL)
        rpi_error_set(&mine, RP_ERR_ARGUMENT, "no place to store the pool in");
    else if (made == NULL)
        rpi_error_set(&mine, RP_ERR_MEMORY, "no memory for a pool");
    rp_status status =
        create(comm, config != NULL ? config : &defaults, made != NULL ? made : &nowhere, &mine);
    if (status == RP_OK)
        *pool = made;
    else
        free(made);
    return status;
}

rp_status rp_open(const rp_config *config, rp_pool **pool)
{
    bool initialised;
    rpi_error_clear(&last_open);
    if (pool != NULL)
        *pool = NULL;
    /* A level without meaning is refused once the ranks can tell each other. */
    int level =
        config != NULL && valid_thread_level(config->thread_level) ? config->thread_level : 0;
    if (rpi_world_join_mpi(level, &initialised, &last_open) != RP_OK)
        return last_open.status;
    if (initialised)
        rpi_foreign_launcher_warn();
    rp_status status = rp_create(MPI_COMM_WORLD, config, pool);
    if (status == RP_OK)
        (*pool)->finalize = initialised;
    else if (initialised)
        MPI_Finalize();
    return status;
}

const rp_error *rp_last_error(const rp_pool *pool)
{
    return pool != NULL ? &pool->last : &last_open;
}

/* The last thing all ranks do together. A loop still open is stopped, so that nobody
 * waits in it. */
static rp_status part(rp_pool *pool)
{
    bool in_loop = pool->loop.open;
    struct ballot ballot = rpi_ballot(CALL_CLOSE);
    if (in_loop) {
        rpi_board_stop(pool->board);
        rpi_loop_end(pool, &ballot);
        rpi_survival_leave(pool);
    }
    pool->loop.open = false;
    if (in_loop)
        rpi_error_set(&ballot.error, RP_ERR_STATE, "the pool was closed with a loop open");
    return rpi_pool_meet(pool, &ballot);
}

static void drop(rp_pool *pool, bool mpi_lives)
{
    rpi_pool_drop_allocations(pool);
    rpi_node_memory_drop(&pool->stage);
    rpi_node_memory_drop(&pool->station);
    if (mpi_lives)
        rpi_world_drop(&pool->world);
    if (pool->finalize && mpi_lives)
        MPI_Finalize();
    if (pool->survives)
        rpi_launch_part();
}

rp_status rp_close(rp_pool **pool)
{
    if (pool == NULL || *pool == NULL)
        return RP_OK;
    rp_pool *closing = *pool;
    *pool = NULL;
    int finalised;
    MPI_Finalized(&finalised);
    rpi_survival_enter(closing);
    if (closing->loop.open)
        rpi_loop_keeping_end(&closing->loop, RP_ERR_STATE);
    rpi_checkpoint_seal(closing);
    rp_status status = finalised ? RP_ERR_STATE : part(closing);
    rpi_watch_close(&closing->watch);
    rpi_crash_unguard(closing);
    rpi_interruption_forget(&closing->interruption);
    rpi_files_drop(closing);
    rpi_sight_close(closing);
    rpi_grids_drop(closing, !finalised && closing->world.meeting.lost_step.status == RP_OK);
    bool lost = closing->world.meeting.lost > 0;
    rpi_star_close(&closing->world.star, closing->survival_silence);
    rpi_survival_leave(closing);
    rpi_standing_set(lost ? STANDING_LEAVING : STANDING_NONE);
    /* With a node lost, MPI may still move what it was asked to move, and waits for it for ever;
     * with a rank lost, it may wait for that one. */
    if (closing->world.meeting.cut_off || lost)
        rpi_world_forget(&closing->world);
    else
        drop(closing, !finalised);
    rpi_interruption_restore(&closing->interruption);
    /* Last, for ending MPI takes a while: who is killed in it would lose what is finished. */
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
    return pool->world.meeting.lost;
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
