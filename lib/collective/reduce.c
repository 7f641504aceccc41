/* MPI's own reductions over the ranks, with counts of any size. */
#include "base/error.h"
#include "collective/collective.h"
#include "comm/bigcount.h"

/* Numbers an operation so that ranks can compare it: handles differ between processes. All
 * operations of the program share two numbers, for commutative and other ones. */
static int64_t reduce_ranks_op(MPI_Op op)
{
    const MPI_Op known[] = {MPI_MAX,    MPI_MIN,    MPI_SUM,     MPI_PROD, MPI_LAND,
                            MPI_BAND,   MPI_LOR,    MPI_BOR,     MPI_LXOR, MPI_BXOR,
                            MPI_MINLOC, MPI_MAXLOC, MPI_REPLACE, MPI_NO_OP};
    int commutes = 0, count = sizeof known / sizeof known[0];
    for (int i = 0; i < count; i++) {
        if (op == known[i])
            return 1 + i;
    }
    MPI_Op_commutative(op, &commutes);
    return commutes ? -2 : -1;
}

/* The arguments of a reduction. */
struct ranks_reduction {
    struct collective collective;
    MPI_Op op;
    struct run mine, result;
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
        collective->vote.terms[COLLECTIVE_OP] = reduce_ranks_op(op);
    reduction->mine = rpi_collective_buffer(collective, "mine", mine, n);
}

/* Checks the buffer of the result only where the result is wanted. */
static void reduce_ranks_set_result(struct ranks_reduction *reduction, void *result, bool wanted)
{
    struct collective *collective = &reduction->collective;
    reduction->result =
        rpi_collective_buffer(collective, "result", result, wanted ? collective->n : 0);
    rpi_collective_apart(collective, &reduction->mine, &reduction->result);
}

typedef int (*part_reducer)(const void *mine, void *result, int count,
                            const struct ranks_reduction *);

/* Operations work on one element at a time, so the arrays may be cut anywhere. */
static rp_status reduce_ranks_run(struct ranks_reduction *reduction, part_reducer reduce_part,
                                  const char *call)
{
    struct collective *collective = &reduction->collective;
    const struct run *mine = &reduction->mine;
    int code = MPI_SUCCESS;
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    for (int64_t done = 0; done < mine->units && code == MPI_SUCCESS;) {
        int count = rpi_part(mine->units - done, collective->layout.size);
        MPI_Aint offset = done * collective->layout.extent;
        char *result = reduction->result.units > 0 ? reduction->result.base + offset : NULL;
        code = reduce_part(mine->base + offset, result, count, reduction);
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
    reduce_ranks_set_result(&reduction, result, rpi_collective_at_root(&reduction.collective));
    return reduce_ranks_run(&reduction, reduce_ranks_to_root, "MPI_Reduce");
}

rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_ALLREDUCE_RANKS, 0, mine, n, type, op);
    reduce_ranks_set_result(&reduction, result, true);
    return reduce_ranks_run(&reduction, reduce_ranks_to_all, "MPI_Allreduce");
}

rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result)
{
    struct ranks_reduction reduction;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    reduce_ranks_begin(&reduction, pool, CALL_EXSCAN_RANKS, 0, mine, n, type, op);
    reduce_ranks_set_result(&reduction, result, pool->world.rank > 0);
    return reduce_ranks_run(&reduction, reduce_ranks_exscan, "MPI_Exscan");
}
