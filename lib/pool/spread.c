#include "pool/spread.h"

#include "base/error.h"
#include "pool/survival.h"
#include "world/message.h"
#include "world/mpi_error.h"

#include <stdlib.h>
#include <string.h>

/* Who has what of an array: its ranks one by one, or its nodes, for which their first
 * ranks speak. */
struct owner {
    MPI_Comm comm;
    uint32_t first_lane, lanes; /* whose logs say what this owner has */
};

/* What an owner has. */
struct holding {
    struct span *spans;
    int64_t count; /* -1: it does not know */
};

static struct owner owner_of(const rp_pool *pool, const struct array *array)
{
    const struct world *world = &pool->world;
    if (array->place == RP_ON_NODES)
        return (struct owner){world->leaders, 0, (uint32_t)world->node_ranks};
    return (struct owner){world->comm, (uint32_t)world->node_rank, 1};
}

static struct holding read_logs(const rp_pool *pool, const struct owner *owner)
{
    uint32_t capacity = pool->board->log_capacity;
    struct holding mine = {malloc((size_t)owner->lanes * capacity * sizeof(struct span)), 0};
    for (uint32_t i = 0; i < owner->lanes && mine.count >= 0; i++) {
        const struct interval_log *log = rpi_board_log(pool->board, owner->first_lane + i);
        if (mine.spans == NULL || !rpi_log_complete(log))
            mine.count = -1;
        else
            mine.count += rpi_log_read(log, capacity, mine.spans + mine.count);
    }
    return mine;
}

/* Tells everyone what the owner `rank` has. False if that is not known, or cannot be heard. */
static bool tell(const struct owner *owner, int rank, struct holding *holding, rp_error *error)
{
    int me;
    MPI_Comm_rank(owner->comm, &me);
    int code = rpi_message_broadcast(&holding->count, sizeof holding->count, rank, owner->comm);
    if (rpi_mpi_check(code, "MPI_Bcast", error) != RP_OK)
        return false;
    if (holding->count < 0)
        return rpi_error_set(error, RP_ERR_MEMORY,
                             "no memory to note which items were computed where") == RP_OK;
    size_t bytes = (size_t)holding->count * sizeof *holding->spans;
    if (me != rank)
        holding->spans = malloc(bytes + 1);
    int missing = holding->spans == NULL, anywhere;
    code = MPI_Allreduce(&missing, &anywhere, 1, MPI_INT, MPI_MAX, owner->comm);
    if (code == MPI_SUCCESS && anywhere)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to hear where items were computed") ==
               RP_OK;
    if (code == MPI_SUCCESS)
        code = rpi_message_broadcast(holding->spans, bytes, rank, owner->comm);
    return rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK;
}

static bool broadcast_elements(const struct owner *owner, int rank, const struct holding *holding,
                               const struct array *array, const struct units *units,
                               rp_error *error)
{
    int code = MPI_SUCCESS;
    for (int64_t i = 0; i < holding->count && code == MPI_SUCCESS; i++) {
        rp_range items = units_to_items(units, holding->spans[i]);
        code = rpi_message_broadcast((char *)array->base + (size_t)items.begin * array->size,
                                     (size_t)(items.end - items.begin) * array->size, rank,
                                     owner->comm);
    }
    return rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK;
}

static void spread(rp_pool *pool, const struct array *array, const struct units *units,
                   rp_error *error)
{
    struct owner owner = owner_of(pool, array);
    int me, owners;
    if (owner.comm == MPI_COMM_NULL)
        return;
    MPI_Comm_rank(owner.comm, &me);
    MPI_Comm_size(owner.comm, &owners);
    struct holding mine = read_logs(pool, &owner);
    for (int rank = 0; rank < owners && error->status == RP_OK; rank++) {
        struct holding other = {NULL, 0};
        struct holding *holding = rank == me ? &mine : &other;
        if (tell(&owner, rank, holding, error))
            broadcast_elements(&owner, rank, holding, array, units, error);
        free(other.spans);
    }
    free(mine.spans);
}

/* ---- where ranks survive --------------------------------------------------------------------- */

/* A part of an array on its way from the root. */
struct publication {
    rp_pool *pool;
    const struct array *array;
    const struct reaches *reaches;
    int index;
    size_t offset, bytes;
    bool missed; /* a rank that lives has no memory there */
};

/* To the others of this node, who wait. */
static void distribute(struct publication *publication, const void *bytes)
{
    const struct world *world = &publication->pool->world;
    bool to_ranks = publication->array->published == RP_ON_RANKS;
    for (int i = 0; i < world->node_ranks && to_ranks; i++) {
        int rank = rpi_living_rank(&world->living, i);
        if (i == world->node_rank || rpi_rank_lost(publication->pool, i))
            continue;
        if (!rpi_array_copy_to(publication->reaches, publication->index, rank, publication->offset,
                               bytes, publication->bytes) &&
            rpi_living_look(&publication->pool->world.living) >= 0 &&
            !rpi_rank_lost(publication->pool, i))
            publication->missed = true;
    }
}

static const void *give(void *closure, size_t *bytes)
{
    struct publication *publication = closure;
    const char *part = (const char *)publication->array->base + publication->offset;
    *bytes = publication->bytes;
    distribute(publication, part);
    return part;
}

static void receive(void *closure, const void *part, size_t bytes)
{
    struct publication *publication = closure;
    memcpy((char *)publication->array->base + publication->offset, part, bytes);
    distribute(publication, part);
}

static rp_status publish(struct publication *publication, size_t all, rp_error *error)
{
    const size_t most = (size_t)16 << 20; /* of another rank's memory that waits to be stored */
    struct cargo cargo = {.gift = give, .receive = receive, .closure = publication};
    struct meeting *meeting = &publication->pool->world.meeting;
    rp_status status = RP_OK;
    for (size_t done = 0; done < all && status == RP_OK; done += publication->bytes) {
        struct ballot ballot = rpi_ballot(CALL_SPREAD);
        publication->offset = done;
        publication->bytes = all - done < most ? all - done : most;
        meeting->cargo = &cargo;
        status = rpi_pool_meet(publication->pool, &ballot);
        meeting->cargo = NULL;
    }
    if (publication->missed)
        rpi_error_set(error, RP_ERR_ARGUMENT, "%s: not all of it is in the memory of a rank",
                      publication->array->name);
    return status;
}

/* All have what the root gave only when they have met again. */
static rp_status publish_all(rp_pool *pool, const struct array *arrays, int count,
                             const struct reaches *reaches, const struct units *units)
{
    rp_error before = pool->last;
    struct ballot ballot = rpi_ballot(CALL_SPREAD);
    bool needed = false;
    for (int i = 0; i < count; i++) {
        struct publication publication = {
            .pool = pool, .array = &arrays[i], .reaches = reaches, .index = i};
        if (arrays[i].published == RP_ON_ROOT)
            continue;
        needed = true;
        if (publish(&publication, (size_t)units->items * arrays[i].size, &ballot.error) != RP_OK)
            return pool->last.status;
    }
    if (needed && rpi_pool_meet(pool, &ballot) != RP_OK)
        return pool->last.status;
    pool->last = before;
    return before.status;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Is there something to bring to others after a job that ended like this? */
static bool worth_it(const rp_error *error)
{
    return error->status == RP_OK || error->status == RP_ERR_TASK ||
           error->status == RP_ERR_TIMEOUT;
}

rp_status rpi_spread(rp_pool *pool, const struct array *arrays, int count,
                     const struct reaches *reaches, const struct units *units)
{
    bool needed = false;
    rp_error before = pool->last;
    struct ballot ballot = rpi_ballot(CALL_SPREAD);
    if (pool->in_rounds)
        return worth_it(&before) ? publish_all(pool, arrays, count, reaches, units) : before.status;
    for (int i = 0; i < count; i++) {
        if (!reaches->reach[i].spread || !worth_it(&before))
            continue;
        needed = true;
        spread(pool, &arrays[i], units, &ballot.error);
    }
    if (!needed)
        return before.status;
    if (rpi_pool_meet(pool, &ballot) == RP_OK)
        pool->last = before;
    return pool->last.status;
}
