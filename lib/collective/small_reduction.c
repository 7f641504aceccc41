/* Reductions of small data over the ranks: each rank that wants the result joins the data that the
 * agreement brought. */
#include "collective/small_data.h"
#include "comm/mpi_error.h"

#include <stdalign.h>
#include <stddef.h>

static bool type_among(MPI_Datatype type, const MPI_Datatype *types, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (types[i] == type)
            return true;
    }
    return false;
}

static bool type_is_real(MPI_Datatype type)
{
    return type == MPI_DOUBLE || type == MPI_FLOAT || type == MPI_LONG_DOUBLE;
}

static bool type_is_integer(MPI_Datatype type)
{
    static const MPI_Datatype types[] = {MPI_INT,           MPI_INT64_T,
                                         MPI_LONG,          MPI_UINT64_T,
                                         MPI_UNSIGNED_LONG, MPI_UNSIGNED,
                                         MPI_INT32_T,       MPI_UINT32_T,
                                         MPI_LONG_LONG,     MPI_UNSIGNED_LONG_LONG,
                                         MPI_INT8_T,        MPI_UINT8_T,
                                         MPI_INT16_T,       MPI_UINT16_T,
                                         MPI_SHORT,         MPI_UNSIGNED_SHORT,
                                         MPI_SIGNED_CHAR,   MPI_UNSIGNED_CHAR};
    return type_among(type, types, sizeof types / sizeof types[0]);
}

static bool type_is_pair(MPI_Datatype type)
{
    return type == MPI_DOUBLE_INT || type == MPI_FLOAT_INT || type == MPI_LONG_INT ||
           type == MPI_2INT;
}

/* MPI ends the program if MPI_Reduce_local() is to do what MPI does not define, so these are the
 * usual operations and types for which it does. */
static bool reduction_defined(MPI_Op op, MPI_Datatype type)
{
    if (op == MPI_SUM || op == MPI_PROD || op == MPI_MAX || op == MPI_MIN)
        return type_is_real(type) || type_is_integer(type);
    if (op == MPI_MINLOC || op == MPI_MAXLOC)
        return type_is_pair(type);
    return op != MPI_REPLACE && op != MPI_NO_OP && type_is_integer(type);
}

void rpi_small_reduction_offer(struct collective *collective, const struct run *mine, MPI_Op op)
{
    if (collective->vote.error.status != RP_OK)
        return;
    bool own = collective->vote.terms[COLLECTIVE_OP] < 0; /* of the program, for its types */
    if (own || reduction_defined(op, collective->layout.type))
        rpi_small_offer(collective, mine, collective->n, -1);
}

/* MPI_Reduce_local(a, b) sets b to a op b. The last of these is the result, which is stored only
 * when it is complete: it may be node memory that several ranks pass. The first `a` is the
 * agreement's own data where their elements lie as MPI expects them. With the operations and types
 * that are offered MPI_Reduce_local does not fail on one rank alone. */
rp_status rpi_small_reduction_join(const struct collective *collective, MPI_Op op, int joined,
                                   int64_t first, const struct run *result)
{
    alignas(max_align_t) char scratch[2][SMALL_EXTENT];
    const struct layout *layout = &collective->layout;
    struct run now = {scratch[0], collective->n * layout->units, layout}, before = now;
    int code = MPI_SUCCESS;
    for (int rank = 0; rank < joined && code == MPI_SUCCESS; rank++) {
        now.base = scratch[rank % 2];
        if (rank == 0 && layout->extent == layout->size)
            now.base = (char *)(uintptr_t)rpi_agreement_data(&collective->pool->world.agreement, 0);
        else
            rpi_small_copy(collective, rank, 0, &now);
        if (rank > 0)
            code = MPI_Reduce_local(before.base, now.base, (int)now.units, layout->type, op);
        before = now;
    }
    if (joined > 0 && code == MPI_SUCCESS) {
        struct run part = rpi_run_part(&before, first, result->units);
        rpi_small_copy_run(&part, result);
    }
    return rpi_mpi_check(code, "MPI_Reduce_local", &collective->pool->last);
}
