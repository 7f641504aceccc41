/* Collecting on every rank. */
#include "base/error.h"
#include "pool/collective.h"
#include "world/parts.h"

#include <stdlib.h>

/* What MPI_Allgatherv wants to know: for each rank a count and where it goes. */
struct shares {
    int *counts, *places;
};

/* Where a rank's part begins, in units. */
static int64_t begin_of(const struct collective *collective, int rank)
{
    int ranks = collective->pool->world.ranks;
    return rp_block(collective->n, ranks, rank).begin * collective->layout.units;
}

static int64_t end_of(const struct collective *collective, int rank)
{
    int ranks = collective->pool->world.ranks;
    return rp_block(collective->n, ranks, rank).end * collective->layout.units;
}

/* The ranks' shares of the `count` units that begin with `first`. */
static void set_shares(const struct collective *collective, int64_t first, int count,
                       struct shares *shares)
{
    for (int rank = 0; rank < collective->pool->world.ranks; rank++) {
        int64_t begin = begin_of(collective, rank) - first;
        int64_t end = end_of(collective, rank) - first;
        begin = begin < 0 ? 0 : begin < count ? begin : count;
        end = end < 0 ? 0 : end < count ? end : count;
        shares->places[rank] = (int)begin;
        shares->counts[rank] = (int)(end - begin);
    }
}

/* MPI counts in int also where a rank's data go. So the whole is cut into parts, each of which is
 * gathered from those ranks that have some of it. */
static int gather_parts(const struct collective *collective, const struct run *mine,
                        const struct run *all, struct shares *shares)
{
    const struct world *world = &collective->pool->world;
    MPI_Datatype type = collective->layout.type;
    int code = MPI_SUCCESS;
    int64_t sent = 0;
    for (int64_t done = 0; done < all->units && code == MPI_SUCCESS;) {
        int count = rpi_part(all->units - done, collective->layout.size);
        struct run part = rpi_run_part(all, done, count);
        set_shares(collective, done, count, shares);
        int share = shares->counts[world->rank];
        struct run own = rpi_run_part(mine, sent, share);
        code = MPI_Allgatherv(own.base, share, type, part.base, shares->counts, shares->places,
                              type, world->comm);
        sent += share;
        done += count;
    }
    return code;
}

static rp_status allgather(struct collective *collective, const struct run *mine,
                           const struct run *all, struct shares *shares)
{
    if (shares->counts == NULL || shares->places == NULL)
        rpi_collective_refuse(collective, RP_ERR_MEMORY, "no memory for the counts of all ranks");
    if (rpi_collective_meet(collective) != RP_OK)
        return collective->pool->last.status;
    int code = gather_parts(collective, mine, all, shares);
    return rpi_collective_end(collective, code, "MPI_Allgatherv");
}

rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_ALLGATHER, NO_ROOT, n, element);
    struct run own = rpi_collective_own(&collective, "mine", mine);
    struct run whole = rpi_collective_buffer(&collective, "all", all, n);
    rpi_collective_apart(&collective, &own, &whole);
    size_t ranks = (size_t)pool->world.ranks;
    struct shares shares = {malloc(ranks * sizeof(int)), malloc(ranks * sizeof(int))};
    rp_status status = allgather(&collective, &own, &whole, &shares);
    free(shares.counts);
    free(shares.places);
    return status;
}
