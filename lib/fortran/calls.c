/* The calls of module rankpool whose C types Fortran cannot name: MPI's handles, whose types depend
 * on the MPI; variable arguments; and the arguments of main(). Called by rankpool.f90, which has
 * their interfaces. */
#include "rankpool.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void rpf_launch(int argc, char **argv);
EXPORTED int rpf_task_fail(rp_task *task, int64_t item, int code, const char *text);
EXPORTED rp_status rpf_broadcast(rp_pool *pool, int root, void *data, int64_t n, size_t bytes);
EXPORTED rp_status rpf_scatter(rp_pool *pool, int root, const void *all, int64_t n, size_t bytes,
                               void *mine);
EXPORTED rp_status rpf_gather(rp_pool *pool, int root, const void *mine, int64_t n, size_t bytes,
                              void *all);
EXPORTED rp_status rpf_allgather(rp_pool *pool, const void *mine, int64_t n, size_t bytes,
                                 void *all);
EXPORTED rp_status rpf_alltoall(rp_pool *pool, const void *mine, int64_t n, size_t bytes,
                                void *all);
EXPORTED rp_status rpf_allreduce(rp_pool *pool, void *data, int64_t n, int kind, int operation);

void rpf_launch(int argc, char **argv)
{
    rp_launch(&argc, &argv);
}

int rpf_task_fail(rp_task *task, int64_t item, int code, const char *text)
{
    return rp_task_fail(task, item, code, "%s", text);
}

rp_status rpf_broadcast(rp_pool *pool, int root, void *data, int64_t n, size_t bytes)
{
    return rp_broadcast(pool, root, data, n, rp_bytes(bytes));
}

rp_status rpf_scatter(rp_pool *pool, int root, const void *all, int64_t n, size_t bytes, void *mine)
{
    return rp_scatter(pool, root, all, n, rp_bytes(bytes), mine);
}

rp_status rpf_gather(rp_pool *pool, int root, const void *mine, int64_t n, size_t bytes, void *all)
{
    return rp_gather(pool, root, mine, n, rp_bytes(bytes), all);
}

rp_status rpf_allgather(rp_pool *pool, const void *mine, int64_t n, size_t bytes, void *all)
{
    return rp_allgather(pool, mine, n, rp_bytes(bytes), all);
}

rp_status rpf_alltoall(rp_pool *pool, const void *mine, int64_t n, size_t bytes, void *all)
{
    return rp_alltoall(pool, mine, n, rp_bytes(bytes), all);
}

/* `kind` and `operation`: the enumerators KIND_ and RP_..._OF of rankpool.f90. An operation that is
 * none of them is MPI_OP_NULL, which the call refuses on all ranks. */
rp_status rpf_allreduce(rp_pool *pool, void *data, int64_t n, int kind, int operation)
{
    const MPI_Datatype types[] = {MPI_INT32_T, MPI_INT64_T, MPI_FLOAT, MPI_DOUBLE};
    const MPI_Op operations[] = {MPI_SUM, MPI_PROD, MPI_MIN, MPI_MAX};
    MPI_Op op = operation >= 0 && operation < 4 ? operations[operation] : MPI_OP_NULL;
    return rp_allreduce_ranks(pool, data, n, types[kind], op, data);
}
