/* Collecting on the root. */
#include "pool/collective.h"

static void collect(const struct collective *collective, const struct run *mine, void *all,
                    struct transfer *transfer)
{
    struct run own = rpi_collective_others(collective, all, rpi_transfer_receive, transfer);
    rpi_transfer_copy(transfer, mine, &own);
}

static rp_status gather(struct collective *collective, const void *mine, void *all)
{
    bool root = rpi_collective_at_root(collective);
    struct transfer transfer;
    struct run own = rpi_collective_own(collective, "mine", mine);
    struct run whole = rpi_collective_buffer(collective, "all", all, root ? collective->n : 0);
    rpi_collective_apart(collective, &own, &whole);
    if (rpi_collective_meet(collective) != RP_OK)
        return collective->pool->last.status;
    rpi_transfer_begin(&transfer, collective->pool->world.comm);
    if (root)
        collect(collective, &own, all, &transfer);
    else
        rpi_transfer_send(&transfer, &own, collective->root);
    return rpi_collective_end(collective, rpi_transfer_end(&transfer), "gathering by MPI");
}

rp_status rp_gather(rp_pool *pool, int root, const void *mine, int64_t n, rp_element element,
                    void *all)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_GATHER, root, n, element);
    return gather(&collective, mine, all);
}

rp_status rp_gatherv(rp_pool *pool, int root, const void *mine, const int64_t *counts,
                     rp_element element, void *all)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin_counted(&collective, pool, CALL_GATHERV, root, counts, element);
    return gather(&collective, mine, all);
}
