/* MPI's own reductions over the ranks, with counts of any size. */
#include "base/error.h"
#include "pool/collective.h"
#include "world/parts.h"

/* A number for what ranks mean by an operation: handles differ from process to process. The
 * program's own operations have but two numbers. */
static int64_t number_of(MPI_Op op)
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

/* A reduction about to begin. */
struct reducing {
    struct collective collective;
    MPI_Op op;
    struct run mine, result;
};

static void begin(struct reducing *reducing, rp_pool *pool, enum call call, int root,
                  const void *mine, int64_t n, MPI_Datatype type, MPI_Op op)
{
    const MPI_Op zero = 0;
    struct collective *collective = &reducing->collective;
    rpi_collective_begin(collective, pool, call, root, n, rp_datatype(type));
    reducing->op = op;
    if (op == zero || op == MPI_OP_NULL)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT, "op is MPI_OP_NULL");
    else
        collective->ballot.terms[TERM_OWN] = number_of(op);
    reducing->mine = rpi_collective_buffer(collective, "mine", mine, n);
}

/* Only where the result is wanted its place is looked at. */
static void set_result(struct reducing *reducing, void *result, bool wanted)
{
    struct collective *collective = &reducing->collective;
    reducing->result =
        rpi_collective_buffer(collective, "result", result, wanted ? collective->n : 0);
    rpi_collective_apart(collective, &reducing->mine, &reducing->result);
}

typedef int (*part_reducer)(const void *mine, void *result, int count, const struct reducing *);

/* Operations work on one element at a time, so the arrays may be cut anywhere. */
static rp_status reduce(struct reducing *reducing, part_reducer reduce_part, const char *call)
{
    struct collective *collective = &reducing->collective;
    const struct run *mine = &reducing->mine;
    int code = MPI_SUCCESS;
    if (rpi_collective_meet(collective) != RP_OK)
        return collective->pool->last.status;
    for (int64_t done = 0; done < mine->units && code == MPI_SUCCESS;) {
        int count = rpi_part(mine->units - done, collective->layout.size);
        MPI_Aint offset = done * collective->layout.extent;
        char *result = reducing->result.units > 0 ? reducing->result.base + offset : NULL;
        code = reduce_part(mine->base + offset, result, count, reducing);
        done += count;
    }
    return rpi_collective_end(collective, code, call);
}

static int reduce_to_root(const void *mine, void *result, int count, const struct reducing *how)
{
    const struct collective *collective = &how->collective;
    return MPI_Reduce(mine, result, count, collective->layout.type, how->op, collective->root,
                      collective->pool->world.comm);
}

static int reduce_to_all(const void *mine, void *result, int count, const struct reducing *how)
{
    return MPI_Allreduce(mine, result, count, how->collective.layout.type, how->op,
                         how->collective.pool->world.comm);
}

/* MPI does not look at the first rank's result either, but MPICH wants an address. */
static int scan(const void *mine, void *result, int count, const struct reducing *how)
{
    char nothing;
    return MPI_Exscan(mine, result != NULL ? result : &nothing, count, how->collective.layout.type,
                      how->op, how->collective.pool->world.comm);
}

rp_status rp_reduce_ranks(rp_pool *pool, int root, const void *mine, int64_t n, MPI_Datatype type,
                          MPI_Op op, void *result)
{
    struct reducing reducing;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    begin(&reducing, pool, CALL_REDUCE_RANKS, root, mine, n, type, op);
    set_result(&reducing, result, rpi_collective_at_root(&reducing.collective));
    return reduce(&reducing, reduce_to_root, "MPI_Reduce");
}

rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result)
{
    struct reducing reducing;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    begin(&reducing, pool, CALL_ALLREDUCE_RANKS, 0, mine, n, type, op);
    set_result(&reducing, result, true);
    return reduce(&reducing, reduce_to_all, "MPI_Allreduce");
}

rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result)
{
    struct reducing reducing;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    begin(&reducing, pool, CALL_EXSCAN_RANKS, 0, mine, n, type, op);
    set_result(&reducing, result, pool->world.rank > 0);
    return reduce(&reducing, scan, "MPI_Exscan");
}
