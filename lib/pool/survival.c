#include "pool/survival.h"

#include "base/environment.h"
#include "base/error.h"
#include "launch/line.h"
#include "launch/standing.h"
#include "pool/agent.h"
#include "pool/stage.h"
#include "pool/station.h"
#include "world/mpi_error.h"
#include "world/peer_memory.h"

#include <inttypes.h>
#include <string.h>

bool rpi_survival_wanted(const rp_config *config, rp_error *mine)
{
    int64_t wanted = config->survive_deaths;
    if (mine->status == RP_OK && wanted == 0)
        rpi_environment_integer("RANKPOOL_SURVIVE", 0, 1, &wanted, mine);
    return wanted != 0;
}

void *rpi_note(const rp_pool *pool, int node_rank)
{
    return pool->notes + (size_t)node_rank * NOTE_BYTES;
}

/* Can this rank reach the memory of all others? */
static bool reaches_all(const rp_pool *pool)
{
    bool reaches = true;
    for (int i = 0; i < pool->world.node_ranks && reaches; i++) {
        struct peer peer;
        memcpy(&peer, rpi_note(pool, i), sizeof peer);
        reaches = i == pool->world.node_rank || rpi_peer_reachable(&peer);
    }
    return reaches;
}

/* Do others live on under this launcher? mpirun waits for ever for the end of a job that has lost
 * ranks on another machine. */
static bool launched_to_survive(const rp_pool *pool)
{
    bool one_machine = pool->world.one_machine;
    return (one_machine || rpi_line_to_slurm()) && rpi_launch_survives();
}

/* What was reserved in vain must not be taken for memory. */
static void forgo_memory(rp_pool *pool)
{
    rpi_node_memory_drop(&pool->stage);
    rpi_node_memory_drop(&pool->station);
}

/* Between several nodes wires take the place of MPI, and outputs of all lie on a stage that is
 * there before anybody dies, as is the station. */
static rp_status connect_nodes(rp_pool *pool, bool *survives, rp_error *error)
{
    struct world *world = &pool->world;
    double silence = pool->survival_silence;
    if (!*survives || world->nodes == 1)
        return RP_OK;
    size_t station = rpi_station_bytes((uint32_t)world->node_ranks);
    if (rpi_stage_reserve(pool, survives, error) != RP_OK || !*survives)
        return error->status;
    if (rpi_survival_reserve(pool, station, &pool->station, survives, error) != RP_OK || !*survives)
        return error->status;
    if (rpi_world_connect(world, silence, survives, error) != RP_OK || !*survives)
        return error->status;
    bool root = world->rank == world->root;
    world->meeting.note = rpi_note(pool, root ? world->node_rank : world->node_ranks);
    world->meeting.star = &world->star;
    return RP_OK;
}

rp_status rpi_survival_begin(rp_pool *pool, rp_error *error)
{
    struct meeting *meeting = &pool->world.meeting;
    if (meeting->living == NULL)
        return RP_OK;
    struct peer self = rpi_peer_self();
    memcpy(rpi_note(pool, pool->world.node_rank), &self, sizeof self);
    if (rpi_mpi_agree(pool->world.comm, error) != RP_OK)
        return error->status;
    int mine = reaches_all(pool) && launched_to_survive(pool), all;
    int code = MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, pool->world.comm);
    if (rpi_mpi_check(code, "MPI_Allreduce", error) != RP_OK)
        return error->status;
    bool survives = all != 0;
    rp_status status = connect_nodes(pool, &survives, error);
    if (mine && !survives)
        rpi_launch_part();
    if (!survives)
        forgo_memory(pool);
    meeting->survives = pool->survives = survives;
    pool->in_rounds = survives && pool->world.nodes > 1;
    if (!survives && pool->world.nodes > 1) {
        rpi_living_leave(&pool->world.living);
        meeting->living = NULL;
    }
    return status;
}

void *rpi_root_note(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    bool here = world->node == world->root_node;
    return rpi_note(pool, here ? world->meeting.root : world->node_ranks);
}

/* Without the root, the others have nothing to go on for. */
void rpi_survival_enter(rp_pool *pool)
{
    if (pool->survives && pool->in_survival++ == 0 && pool->world.rank != pool->world.root)
        rpi_standing_set(STANDING_DISPENSABLE);
}

void rpi_survival_leave(rp_pool *pool)
{
    if (pool->survives && --pool->in_survival == 0)
        rpi_standing_set(STANDING_NEEDED);
}

bool rpi_rank_lost(const rp_pool *pool, int node_rank)
{
    return rpi_living_lost(&pool->world.living, node_rank);
}

double rpi_survival_attend(void *closure)
{
    rp_pool *pool = closure;
    const double longest = 20e-3;
    double next = pool->loop.attends ? rpi_agent_attend(pool->loop.agent) : longest;
    next = next < longest ? next : longest;
    if (rpi_living_look(&pool->world.living) == 0)
        return next;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        if (rpi_rank_lost(pool, i))
            rpi_recovery_lose(pool->board, (uint32_t)i);
    }
    int root = pool->world.meeting.root;
    bool over = !pool->survives || (root >= 0 && rpi_rank_lost(pool, root));
    /* Without its agent the node is out of the round. */
    if (over || (pool->in_rounds && rpi_rank_lost(pool, pool->loop.agent_at)))
        rpi_board_stop(pool->board);
    return next;
}

rp_status rpi_survival_agree(rp_pool *pool)
{
    struct ballot ballot = rpi_ballot(CALL_PREPARED);
    if (!pool->survives)
        return rpi_mpi_agree(pool->world.comm, &pool->last);
    ballot.error = pool->last;
    return rpi_pool_meet(pool, &ballot);
}

/* ---- node memory ----------------------------------------------------------------------------- */

rp_status rpi_survival_reserve(rp_pool *pool, size_t bytes, struct node_memory *memory,
                               bool *reserved, rp_error *error)
{
    int mine = rpi_node_memory_reserve(pool->world.node_comm, bytes, memory, error) == RP_OK;
    int all, code = MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, pool->world.comm);
    rpi_error_clear(error);
    *reserved = all != 0;
    return rpi_mpi_check(code, "MPI_Allreduce", error);
}

/* By the root's note, which stays as it is until all have agreed on something. */
static rp_status tell(void *closure, void *data, size_t bytes, rp_error *error)
{
    rp_pool *pool = closure;
    const struct world *world = &pool->world;
    struct ballot ballot = rpi_ballot(CALL_PREPARED);
    if (world->rank == world->root)
        memcpy(rpi_note(pool, world->node_rank), data, bytes);
    if (rpi_pool_meet(pool, &ballot) != RP_OK) {
        *error = pool->last;
        return error->status;
    }
    memcpy(data, rpi_note(pool, world->meeting.root), bytes);
    return RP_OK;
}

/* What is wrong with one way is no error of the pool: there are others. */
static rp_status agree(void *closure, rp_error *error)
{
    rp_pool *pool = closure;
    struct ballot ballot = rpi_ballot(CALL_PREPARED);
    ballot.error = *error;
    return rpi_meet(&pool->world.meeting, &ballot, error);
}

rp_status rpi_survival_memory(rp_pool *pool, size_t bytes, struct node_memory *memory,
                              rp_error *error)
{
    struct company company = {pool->world.rank == pool->world.root, tell, agree, pool};
    _Static_assert((size_t)INVITATION_MOST <= (size_t)NOTE_BYTES, "a note holds an invitation");
    return rpi_node_memory_make_among(&company, bytes, memory, error);
}

/* ---- what was given up ----------------------------------------------------------------------- */

rp_status rpi_survival_accuse(rp_error *error, int64_t item, uint32_t deaths)
{
    rpi_error_set(error, RP_ERR_LOST,
                  "item %" PRId64 " was at hand when %" PRIu32 " ranks in a row died: given up",
                  item, deaths);
    error->item = item;
    return error->status;
}

void rpi_survival_report(const rp_pool *pool, const struct units *units, rp_error *error)
{
    struct estate *estate = rpi_board_estate(pool->board);
    if (!pool->survives || error->status != RP_OK)
        return;
    struct span given_up = {0, 0};
    if (rpi_estate_next_given_up(estate, &given_up)) {
        rp_range items = units_to_items(units, given_up);
        if (estate->terms.limit > 1)
            rpi_survival_accuse(error, items.begin, estate->terms.limit);
        else
            rpi_error_set(error, RP_ERR_LOST,
                          "item %" PRId64 " was at hand when a rank died, and may have changed its "
                          "own input: given up",
                          items.begin);
        error->item = items.begin;
    } else if (atomic_load(&estate->failed) != 0) {
        rpi_error_set(error, RP_ERR_LOST,
                      "a rank has died, and what it left could not be found out");
    }
}
