#include "data/access.h"

#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "resilience/survival.h"

#include <stdlib.h>
#include <string.h>

/* The owners of an array's elements: its ranks, or its nodes, represented by their first ranks. */
struct owner {
    MPI_Comm comm;
    uint32_t first_lane, lanes; /* lanes whose completion logs list this owner's units */
};

/* The units that an owner has computed. */
struct holding {
    struct unit_range *unit_ranges;
    int64_t count; /* -1: unknown */
};

static struct owner owner_of_array(const rp_pool *pool, const struct array *array)
{
    const struct world *world = &pool->world;
    if (array->place == RP_ON_NODES)
        return (struct owner){world->leaders, 0, (uint32_t)world->node_ranks};
    return (struct owner){world->comm, (uint32_t)world->node_rank, 1};
}

static struct holding holding_read_logs(const rp_pool *pool, const struct owner *owner)
{
    uint32_t capacity = pool->work_queue->log_capacity;
    struct holding mine = {malloc((size_t)owner->lanes * capacity * sizeof(struct unit_range)), 0};
    for (uint32_t i = 0; i < owner->lanes && mine.count >= 0; i++) {
        const struct completion_log *log =
            rpi_work_queue_log(pool->work_queue, owner->first_lane + i);
        if (mine.unit_ranges == NULL || !rpi_completion_log_complete(log))
            mine.count = -1;
        else
            mine.count += rpi_completion_log_read(log, capacity, mine.unit_ranges + mine.count);
    }
    return mine;
}

/* Broadcasts what the owner `rank` has computed. False if that is unknown, or the broadcast
 * fails. */
static bool holding_broadcast(const struct owner *owner, int rank, struct holding *holding,
                              rp_error *error)
{
    int me;
    MPI_Comm_rank(owner->comm, &me);
    int code = rpi_message_broadcast(&holding->count, sizeof holding->count, rank, owner->comm);
    if (rpi_mpi_check(code, "MPI_Bcast", error) != RP_OK)
        return false;
    if (holding->count < 0)
        return rpi_error_set(error, RP_ERR_MEMORY,
                             "no memory to note which items were computed where") == RP_OK;
    size_t bytes = (size_t)holding->count * sizeof *holding->unit_ranges;
    if (me != rank)
        holding->unit_ranges = malloc(bytes + 1);
    int missing = holding->unit_ranges == NULL, anywhere;
    code = MPI_Allreduce(&missing, &anywhere, 1, MPI_INT, MPI_MAX, owner->comm);
    if (code == MPI_SUCCESS && anywhere)
        return rpi_error_set(error, RP_ERR_MEMORY,
                             "no memory for a list of the items computed elsewhere") == RP_OK;
    if (code == MPI_SUCCESS)
        code = rpi_message_broadcast(holding->unit_ranges, bytes, rank, owner->comm);
    return rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK;
}

static bool holding_broadcast_elements(const struct owner *owner, int rank,
                                       const struct holding *holding, const struct array *array,
                                       const struct units *units, rp_error *error)
{
    int code = MPI_SUCCESS;
    for (int64_t i = 0; i < holding->count && code == MPI_SUCCESS; i++) {
        rp_range items = units_to_items(units, holding->unit_ranges[i]);
        code = rpi_message_broadcast((char *)array->base + (size_t)items.begin * array->size,
                                     (size_t)(items.end - items.begin) * array->size, rank,
                                     owner->comm);
    }
    return rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK;
}

static void replicate_array(rp_pool *pool, const struct array *array, const struct units *units,
                            rp_error *error)
{
    struct owner owner = owner_of_array(pool, array);
    int me, owners;
    if (owner.comm == MPI_COMM_NULL)
        return;
    MPI_Comm_rank(owner.comm, &me);
    MPI_Comm_size(owner.comm, &owners);
    struct holding mine = holding_read_logs(pool, &owner);
    for (int rank = 0; rank < owners && error->status == RP_OK; rank++) {
        struct holding other = {NULL, 0};
        struct holding *holding = rank == me ? &mine : &other;
        if (holding_broadcast(&owner, rank, holding, error))
            holding_broadcast_elements(&owner, rank, holding, array, units, error);
        free(other.unit_ranges);
    }
    free(mine.unit_ranges);
}

/* ---- where ranks survive --------------------------------------------------------------------- */

/* A part of an array that is being published by the root. */
struct publication {
    rp_pool *pool;
    const struct array *array;
    const struct accesses *accesses;
    int index;
    size_t offset, bytes;
    bool missed; /* a live rank has no memory there */
};

/* Writes a part into the memory of the other ranks of this node, which wait in the agreement. */
static void publication_distribute(struct publication *publication, const void *bytes)
{
    struct world *world = &publication->pool->world;
    bool to_ranks = publication->array->published == RP_ON_RANKS;
    for (int i = 0; i < world->node_ranks && to_ranks; i++) {
        int rank = rpi_liveness_rank(&world->liveness, i);
        if (i == world->node_rank || rank_lost(publication->pool, i))
            continue;
        if (!rpi_array_copy_to(publication->accesses, publication->index, rank, publication->offset,
                               bytes, publication->bytes) &&
            !rpi_liveness_confirm(&world->liveness, i))
            publication->missed = true;
    }
}

static const void *publication_provide(void *closure, size_t *bytes)
{
    struct publication *publication = closure;
    const char *part = (const char *)publication->array->base + publication->offset;
    *bytes = publication->bytes;
    publication_distribute(publication, part);
    return part;
}

static bool publication_receive(void *closure, const void *part, size_t bytes)
{
    struct publication *publication = closure;
    if (bytes != publication->bytes)
        return false;
    memcpy((char *)publication->array->base + publication->offset, part, bytes);
    publication_distribute(publication, part);
    return true;
}

static rp_status publish_array(struct publication *publication, size_t all, rp_error *error)
{
    /* Bounds the memory for data that a rank has received but not yet stored. */
    const size_t most = (size_t)16 << 20;
    struct piggyback piggyback = {.broadcast = publication_provide,
                                  .receive = publication_receive,
                                  .closure = publication};
    struct agreement *agreement = &publication->pool->world.agreement;
    rp_status status = RP_OK;
    for (size_t done = 0; done < all && status == RP_OK; done += publication->bytes) {
        struct vote vote = rpi_vote(CALL_REPLICATE);
        publication->offset = done;
        publication->bytes = all - done < most ? all - done : most;
        agreement->piggyback = &piggyback;
        status = rpi_pool_agree(publication->pool, &vote);
        agreement->piggyback = NULL;
    }
    if (publication->missed)
        rpi_error_set(error, RP_ERR_ARGUMENT, "%s: not all of it is in the memory of a rank",
                      publication->array->name);
    return status;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Is there anything to replicate after a job that ended with this error? */
static bool replicate_worthwhile(const rp_error *error)
{
    return error->status == RP_OK || error->status == RP_ERR_TASK ||
           error->status == RP_ERR_TIMEOUT;
}

rp_status rpi_replicate(rp_pool *pool, const struct array *arrays, int count,
                        const struct accesses *accesses, const struct units *units)
{
    rp_error before = pool->last;
    struct vote vote = rpi_vote(CALL_REPLICATE);
    if (!replicate_worthwhile(&before))
        return before.status;
    for (int i = 0; i < count; i++) {
        struct publication publication = {
            .pool = pool, .array = &arrays[i], .accesses = accesses, .index = i};
        size_t bytes = (size_t)units->items * arrays[i].size;
        if (accesses->access[i].replicate)
            replicate_array(pool, &arrays[i], units, &vote.error);
        else if (arrays[i].published != RP_ON_ROOT &&
                 publish_array(&publication, bytes, &vote.error) != RP_OK)
            return pool->last.status;
    }
    /* Only this agreement shows that all ranks have the last part. */
    if (rpi_pool_agree(pool, &vote) == RP_OK)
        pool->last = before;
    return pool->last.status;
}
