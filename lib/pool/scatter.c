/* Dealing out what the root has. */
#include "pool/collective.h"

/* The root's own part is copied last: meanwhile the others fetch theirs. */
static void deal(const struct collective *collective, const void *all, const struct run *mine,
                 struct transfer *transfer)
{
    struct run own = rpi_collective_others(collective, all, rpi_transfer_send, transfer);
    rpi_transfer_copy(transfer, &own, mine);
}

static rp_status scatter(struct collective *collective, const void *all, void *mine)
{
    bool root = rpi_collective_at_root(collective);
    struct transfer transfer;
    struct run own = rpi_collective_own(collective, "mine", mine);
    struct run whole = rpi_collective_buffer(collective, "all", all, root ? collective->n : 0);
    rpi_collective_apart(collective, &whole, &own);
    if (rpi_collective_meet(collective) != RP_OK)
        return collective->pool->last.status;
    rpi_transfer_begin(&transfer, collective->pool->world.comm);
    if (root)
        deal(collective, all, &own, &transfer);
    else
        rpi_transfer_receive(&transfer, &own, collective->root);
    return rpi_collective_end(collective, rpi_transfer_end(&transfer), "scattering by MPI");
}

rp_status rp_scatter(rp_pool *pool, int root, const void *all, int64_t n, rp_element element,
                     void *mine)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_SCATTER, root, n, element);
    return scatter(&collective, all, mine);
}

rp_status rp_scatterv(rp_pool *pool, int root, const void *all, const int64_t *counts,
                      rp_element element, void *mine)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin_counted(&collective, pool, CALL_SCATTERV, root, counts, element);
    return scatter(&collective, all, mine);
}
