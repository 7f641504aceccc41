#include "comm/datatype_layout.h"

#include "base/error.h"
#include "comm/mpi_error.h"

#include <inttypes.h>

/* MPI has no query for whether a datatype is committed, but it refuses to send an uncommitted one,
 * even to MPI_PROC_NULL. */
static rp_status type_check(MPI_Datatype type, MPI_Comm comm, rp_error *error)
{
    const MPI_Datatype zero = 0;
    const char nothing = 0;
    if (type == zero || type == MPI_DATATYPE_NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "the element is neither bytes nor a datatype: use rp_bytes() of 1 or "
                             "more, or rp_datatype()");
    if (MPI_Send(&nothing, 1, type, MPI_PROC_NULL, 0, comm) != MPI_SUCCESS)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "the datatype of the element is not committed, or not valid");
    return RP_OK;
}

static rp_status layout_measure(struct layout *layout, MPI_Datatype type, rp_error *error)
{
    MPI_Count size;
    MPI_Aint low, length;
    int code = MPI_Type_size_x(type, &size);
    if (code == MPI_SUCCESS)
        code = MPI_Type_get_extent(type, &low, &layout->extent);
    if (code == MPI_SUCCESS)
        code = MPI_Type_get_true_extent(type, &layout->low, &length);
    if (rpi_mpi_check(code, "MPI_Type_get_extent", error) != RP_OK)
        return error->status;
    if (size < 1)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the datatype of the element holds no data");
    layout->type = type;
    layout->size = size;
    layout->high = layout->low + length;
    return RP_OK;
}

rp_status rpi_layout_make(struct layout *layout, rp_element element, MPI_Comm comm, rp_error *error)
{
    *layout = (struct layout){
        .type = MPI_BYTE, .units = 1, .size = 1, .extent = 1, .high = 1, .dense = true};
    if (element.size > PTRDIFF_MAX)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "an element of %zu bytes is more than memory can hold", element.size);
    if (element.size > 0) {
        layout->units = (int64_t)element.size;
        return RP_OK;
    }
    struct signature signature;
    if (type_check(element.type, comm, error) != RP_OK ||
        layout_measure(layout, element.type, error) != RP_OK ||
        rpi_signature(element.type, &signature, error) != RP_OK)
        return error->status;
    layout->signature = signature.hash;
    layout->predefined = signature.predefined;
    layout->dense = signature.in_order && layout->low == 0 && layout->high == layout->size &&
                    layout->extent >= layout->size;
    return RP_OK;
}

bool rpi_layout_plain(const struct layout *layout)
{
    return layout->dense && layout->extent == layout->size;
}

bool rpi_layout_fits(const struct layout *layout, int64_t n)
{
    int64_t step = layout->extent < 0 ? -layout->extent : layout->extent;
    int64_t unit = step > layout->size ? step : layout->size;
    return unit <= PTRDIFF_MAX / layout->units && n <= PTRDIFF_MAX / (unit * layout->units);
}

struct run rpi_run(const struct layout *layout, const void *base, int64_t first, int64_t count)
{
    struct run whole = {(char *)(uintptr_t)base, 0, layout};
    return rpi_run_part(&whole, first * layout->units, count * layout->units);
}

struct run rpi_run_part(const struct run *run, int64_t first, int64_t units)
{
    /* no arithmetic on NULL, which may be the base of an empty run */
    char *base = units > 0 ? run->base + first * run->layout->extent : run->base;
    return (struct run){base, units, run->layout};
}

/* Extents may be negative. */
void rpi_run_byte_range(const struct run *run, uintptr_t *begin, uintptr_t *end)
{
    const struct layout *layout = run->layout;
    MPI_Aint last = (run->units - 1) * layout->extent;
    *begin = (uintptr_t)run->base + (uintptr_t)(layout->low + (last < 0 ? last : 0));
    *end = (uintptr_t)run->base + (uintptr_t)(layout->high + (last > 0 ? last : 0));
}

ptrdiff_t rpi_run_extent(const struct run *run)
{
    uintptr_t begin, end;
    if (run->units == 0)
        return 0;
    rpi_run_byte_range(run, &begin, &end);
    return (ptrdiff_t)(end - (uintptr_t)run->base);
}

bool rpi_runs_overlap(const struct run *a, const struct run *b)
{
    uintptr_t a_begin, a_end, b_begin, b_end;
    if (a->units == 0 || b->units == 0)
        return false;
    rpi_run_byte_range(a, &a_begin, &a_end);
    rpi_run_byte_range(b, &b_begin, &b_end);
    return a_begin < b_end && b_begin < a_end;
}
