/* Reductions over the ranks: of small data in the agreement, in the order of ranks, else MPI's own,
 * with counts of any size. */
#include "base/error.h"
#include "collective/small_data.h"
#include "comm/bigcount.h"

#include <stdlib.h>
#include <string.h>

/* Numbers an operation so that ranks can compare it: handles differ between processes. All
 * operations of the program share two numbers, for commutative and other ones. MPI's are for its
 * own types, so on another type it has another number: MPI would refuse it on this rank, and the
 * others would wait. */
static int64_t reduce_ranks_op(MPI_Op op, bool own_type)
{
    static const MPI_Op known[] = {MPI_SUM,    MPI_MAX,    MPI_MIN,     MPI_PROD, MPI_LAND,
                                   MPI_BAND,   MPI_LOR,    MPI_BOR,     MPI_LXOR, MPI_BXOR,
                                   MPI_MINLOC, MPI_MAXLOC, MPI_REPLACE, MPI_NO_OP};
    int commutes = 0, count = sizeof known / sizeof known[0];
    for (int i = 0; i < count; i++) {
        if (op == known[i])
            return 1 + i + (own_type ? 0 : count);
    }
    MPI_Op_commutative(op, &commutes);
    return commutes ? -2 : -1;
}

/* The arguments of a reduction. */
struct ranks_reduction {
    struct collective collective;
    MPI_Op op;
    struct run mine, result;
    bool in_place; /* the result replaces `mine`, and MPI is told so */
    char *copy;    /* of `mine`, where MPI is not told; freed at the end */
    int joined;    /* of small data: the result is of the ranks 0 ... joined - 1 */
};

static void reduce_ranks_begin(struct ranks_reduction *reduction, rp_pool *pool, enum call call,
                               int root, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op)
{
    const MPI_Op zero = 0;
    struct collective *collective = &reduction->collective;
    rpi_collective_begin(collective, pool, call, root, n, rp_datatype(type));
    reduction->op = op;
    if (op == zero || op == MPI_OP_NULL)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT, "op is MPI_OP_NULL");
    else
        collective->vote.terms[COLLECTIVE_OP] = reduce_ranks_op(op, collective->layout.predefined);
    reduction->mine = rpi_collective_buffer(collective, "mine", mine, n);
    reduction->in_place = false;
    reduction->copy = NULL;
}

/* Checks the buffer of the result only where the result is wanted. Returns whether it is `mine`. */
static bool reduce_ranks_set_result(struct ranks_reduction *reduction, void *result, bool wanted)
{
    struct collective *collective = &reduction->collective;
    reduction->result =
        rpi_collective_buffer(collective, "result", result, wanted ? collective->n : 0);
    if (collective->n > 0 && result == reduction->mine.base)
        return true;
    rpi_collective_apart(collective, &reduction->mine, &reduction->result);
    return false;
}

/* The same where every rank has a result, but the first one in an exclusive scan does not access
 * it. MPI wants all ranks or none to reduce in place. */
static void reduce_ranks_set_results(struct ranks_reduction *reduction, void *result, bool wanted)
{
    reduction->in_place = reduce_ranks_set_result(reduction, result, wanted);
    reduction->collective.vote.terms[COLLECTIVE_IN_PLACE] = reduction->in_place;
}

/* Moves `mine` away from the result. MPI_Reduce could work in place, but with MPI_IN_PLACE that of
 * MPICH 4.0.2 crashed in our tests of larger arrays. */
static void reduce_ranks_copy_mine(struct ranks_reduction *reduction)
{
    uintptr_t begin, end;
    if (reduction->mine.units == 0)
        return;
    rpi_run_byte_range(&reduction->mine, &begin, &end);
    reduction->copy = malloc(end - begin);
    if (reduction->copy == NULL) {
        rpi_collective_refuse(&reduction->collective, RP_ERR_MEMORY,
                              "no memory for a copy of mine, which result is to replace");
        return;
    }
    memcpy(reduction->copy, (const void *)begin, end - begin);
    reduction->mine.base = reduction->copy + ((uintptr_t)reduction->mine.base - begin);
}

typedef int (*part_reducer)(const void *mine, void *result, int count,
                            const struct ranks_reduction *);

/* Offers the data to the agreement, if they are small. */
static void reduce_ranks_offer(struct ranks_reduction *reduction, int joined)
{
    reduction->joined = joined;
    rpi_small_reduction_offer(&reduction->collective, &reduction->mine, reduction->op);
}

/* Operations work on one element at a time, so the arrays may be cut anywhere. */
static rp_status reduce_ranks_run(struct ranks_reduction *reduction, part_reducer reduce_part,
                                  const char *call)
{
    struct collective *collective = &reduction->collective;
    const struct run *mine = &reduction->mine;
    int code = MPI_SUCCESS;
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    if (rpi_small_brought(collective))
        return rpi_small_reduction_join(collective, reduction->op, reduction->joined, 0,
                                        &reduction->result);
    for (int64_t done = 0; done < mine->units && code == MPI_SUCCESS;) {
        int count = rpi_part(mine->units - done, collective->layout.size);
        MPI_Aint offset = done * collective->layout.extent;
        const char *from = mine->base + offset;
        char *result = reduction->result.units > 0 ? reduction->result.base + offset : NULL;
        if (reduction->in_place) {
            result =
                mine->base + offset; /* also on rank 0 of an exclusive scan, without a result */
            from = MPI_IN_PLACE;
        }
        code = reduce_part(from, result, count, reduction);
        done += count;
    }
    return rpi_collective_end(collective, code, call);
}

static int reduce_ranks_to_root(const void *mine, void *result, int count,
                                const struct ranks_reduction *how)
{
    const struct collective *collective = &how->collective;
    return MPI_Reduce(mine, result, count, collective->layout.type, how->op, collective->root,
                      collective->pool->world.comm);
}

static int reduce_ranks_to_all(const void *mine, void *result, int count,
                               const struct ranks_reduction *how)
{
    return MPI_Allreduce(mine, result, count, how->collective.layout.type, how->op,
                         how->collective.pool->world.comm);
}

static int reduce_ranks_scan(const void *mine, void *result, int count,
                             const struct ranks_reduction *how)
{
    return MPI_Scan(mine, result, count, how->collective.layout.type, how->op,
                    how->collective.pool->world.comm);
}

/* MPI leaves the first rank's result unused, but MPICH wants a valid address. */
static int reduce_ranks_exscan(const void *mine, void *result, int count,
                               const struct ranks_reduction *how)
{
    char nothing;
    return MPI_Exscan(mine, result != NULL ? result : &nothing, count, how->collective.layout.type,
                      how->op, how->collective.pool->world.comm);
}

rp_status rp_reduce_ranks(rp_pool *pool, int root, const void *mine, int64_t n, MPI_Datatype type,
                          MPI_Op op, void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_REDUCE_RANKS, root, mine, n, type, op);
    bool root_here = rpi_collective_at_root(&reduction.collective);
    if (reduce_ranks_set_result(&reduction, result, root_here) && root_here)
        reduce_ranks_copy_mine(&reduction);
    reduce_ranks_offer(&reduction, root_here ? pool->world.ranks : 0);
    rp_status status = reduce_ranks_run(&reduction, reduce_ranks_to_root, "MPI_Reduce");
    free(reduction.copy);
    return status;
}

rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_ALLREDUCE_RANKS, 0, mine, n, type, op);
    reduce_ranks_set_results(&reduction, result, true);
    reduce_ranks_offer(&reduction, pool->world.ranks);
    return reduce_ranks_run(&reduction, reduce_ranks_to_all, "MPI_Allreduce");
}

rp_status rp_scan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                        void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_SCAN_RANKS, 0, mine, n, type, op);
    reduce_ranks_set_results(&reduction, result, true);
    reduce_ranks_offer(&reduction, pool->world.rank + 1);
    return reduce_ranks_run(&reduction, reduce_ranks_scan, "MPI_Scan");
}

rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_EXSCAN_RANKS, 0, mine, n, type, op);
    reduce_ranks_set_results(&reduction, result, pool->world.rank > 0);
    reduce_ranks_offer(&reduction, pool->world.rank);
    return reduce_ranks_run(&reduction, reduce_ranks_exscan, "MPI_Exscan");
}

/* Each piece of the whole is reduced and scattered to the ranks that get some of it. */
static int reduce_scatter_pieces(const struct ranks_reduction *reduction, struct shares *shares)
{
    const struct collective *collective = &reduction->collective;
    const struct world *world = &collective->pool->world;
    int code = MPI_SUCCESS;
    char nothing; /* MPICH wants a valid address for no elements, too */
    int64_t received = 0;
    for (int64_t done = 0; done < reduction->mine.units && code == MPI_SUCCESS;) {
        int count = rpi_part(reduction->mine.units - done, collective->layout.size);
        struct run piece = rpi_run_part(&reduction->mine, done, count);
        rpi_shares_set(collective, done, count, shares);
        int share = shares->counts[world->rank];
        struct run result = rpi_run_part(&reduction->result, received, share);
        code = MPI_Reduce_scatter(piece.base, share > 0 ? result.base : &nothing, shares->counts,
                                  collective->layout.type, reduction->op, world->comm);
        received += share;
        done += count;
    }
    return code;
}

static rp_status reduce_scatter_run(struct ranks_reduction *reduction, struct shares *shares)
{
    struct collective *collective = &reduction->collective;
    const struct world *world = &collective->pool->world;
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    if (rpi_small_brought(collective))
        return rpi_small_reduction_join(collective, reduction->op, world->ranks,
                                        rp_block(collective->n, world->ranks, world->rank).begin,
                                        &reduction->result);
    return rpi_collective_end(collective, reduce_scatter_pieces(reduction, shares),
                              "MPI_Reduce_scatter");
}

rp_status rp_reduce_scatter_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                                  MPI_Op op, void *result)
{
    struct ranks_reduction reduction;
    struct collective *collective = &reduction.collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_REDUCE_SCATTER_RANKS, 0, mine, n, type, op);
    reduction.result = rpi_collective_own(collective, "result", result);
    rpi_collective_apart(collective, &reduction.mine, &reduction.result);
    struct shares shares = rpi_shares_make(collective);
    rpi_small_reduction_offer(collective, &reduction.mine, op);
    rp_status status = reduce_scatter_run(&reduction, &shares);
    free(shares.counts);
    free(shares.places);
    return status;
}
