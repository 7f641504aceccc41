/* The exchange of edges: begin and end. */
#include "base/error.h"
#include "comm/mpi_error.h"
#include "grid/grid.h"
#include "observe/hooks.h"

/* Limits in seconds on one sleep while a rank waits for a neighbour's edge. With messages in flight
 * the rank must drive MPI's progress; otherwise the limit matters only if a wake-up were lost. */
static const double longest_sleep = 0.1, longest_sleep_with_messages = 1e-3;

static struct strided_block link_block(const rp_grid *grid, const struct link *link,
                                       ptrdiff_t place)
{
    struct strided_block block = link->shape;
    block.first = grid->halo.field + place;
    return block;
}

static void edge_pack(const rp_grid *grid, const struct link *link)
{
    struct strided_block edge = link_block(grid, link, link->edge);
    rpi_strided_block_read(&edge, 0, rpi_strided_block_bytes(&edge),
                           link->out[grid->halo.begun % 2]);
}

static void edge_unpack(const rp_grid *grid, const struct link *link)
{
    struct strided_block border = link_block(grid, link, link->border);
    rpi_strided_block_write(&border, 0, rpi_strided_block_bytes(&border),
                            link->in[grid->halo.begun % 2]);
}

/* A failure of an exchange is local to this rank, and reported in its last error. */
static rp_status exchange_fail(rp_grid *grid, const rp_error *error)
{
    rp_error *last = &grid->pool->last;
    grid->halo.broken = true;
    grid->halo.field = NULL;
    *last = *error;
    if (last->rank < 0)
        last->rank = grid->pool->world.rank;
    return last->status;
}

static rp_status exchange_refuse(const rp_grid *grid, rp_status status, const char *why)
{
    rp_error *last = &grid->pool->last;
    rpi_error_set(last, status, "%s", why);
    last->rank = grid->pool->world.rank;
    return status;
}

/* In this order: the edges are packed, then store the count, then wake the neighbours. */
static void exchange_announce(struct halo *halo)
{
    atomic_store_explicit(&halo->notice->sent, halo->begun, memory_order_release);
    rpi_eventcount_notify_all(&halo->notice->changed);
}

rp_status rp_grid_exchange_begin(rp_grid *grid, void *field)
{
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    struct halo *halo = &grid->halo;
    if (halo->broken)
        return exchange_refuse(grid, RP_ERR_STATE,
                               "an exchange has failed: the grid can only be closed");
    if (halo->field != NULL)
        return exchange_refuse(grid, RP_ERR_STATE, "an exchange was begun already, and not ended");
    if (rpi_pool_check_idle(grid->pool) != RP_OK)
        return grid->pool->last.status;
    if (rpi_grid_field_number(grid, field) < 0)
        return exchange_refuse(grid, RP_ERR_ARGUMENT, "that is no field of this grid");
    double begin = observe_now(grid->pool);
    halo->field = field;
    halo->begun++;
    for (int i = 0; i < halo->neighbours; i++)
        edge_pack(grid, &halo->links[i]);
    exchange_announce(halo);
    rp_error error;
    rpi_error_clear(&error);
    if (rpi_halo_remote_begin(halo, &error) != RP_OK)
        return exchange_fail(grid, &error);
    rpi_observe_service(grid->pool, begin);
    return RP_OK;
}

/* Waits for the edge of a neighbour on this node. */
static rp_status edge_await(struct halo *halo, const struct link *link, rp_error *error)
{
    struct notice *notice = link->notice;
    double longest = halo->remote.pending ? longest_sleep_with_messages : longest_sleep;
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&notice->changed);
        uint64_t agreements = atomic_load_explicit(&notice->agreements, memory_order_acquire);
        uint64_t sent = atomic_load_explicit(&notice->sent, memory_order_acquire);
        if (sent >= halo->begun)
            return RP_OK;
        if (rpi_halo_is_lost(halo, sent, agreements))
            return rpi_halo_lost(halo, link, error);
        rpi_eventcount_wait(&notice->changed, seen, halo->spin, longest);
        int code = rpi_halo_progress_take(halo);
        if (rpi_mpi_check(code, "MPI_Iprobe or MPI_Recv", error) != RP_OK)
            return error->status;
    }
}

static rp_status exchange_end_on_node(rp_grid *grid, rp_error *error)
{
    for (int i = 0; i < grid->halo.neighbours; i++) {
        const struct link *link = &grid->halo.links[i];
        if (link->notice == NULL)
            continue;
        if (edge_await(&grid->halo, link, error) != RP_OK)
            return error->status;
        edge_unpack(grid, link);
    }
    return RP_OK;
}

static rp_status exchange_end_remote(rp_grid *grid, rp_error *error)
{
    if (rpi_halo_remote_end(&grid->halo, error) != RP_OK)
        return error->status;
    for (int i = 0; i < grid->halo.neighbours; i++) {
        if (grid->halo.links[i].parts > 0)
            edge_unpack(grid, &grid->halo.links[i]);
    }
    return RP_OK;
}

rp_status rp_grid_exchange_end(rp_grid *grid)
{
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    if (grid->halo.field == NULL)
        return exchange_refuse(grid, RP_ERR_STATE, "no exchange was begun");
    double begin = observe_now(grid->pool);
    rp_error error;
    rpi_error_clear(&error);
    if (exchange_end_on_node(grid, &error) != RP_OK || exchange_end_remote(grid, &error) != RP_OK)
        return exchange_fail(grid, &error);
    grid->halo.field = NULL;
    rpi_observe_service(grid->pool, begin);
    return RP_OK;
}

rp_status rpi_halo_before_agreement(struct halo *halo, rp_error *error)
{
    uint64_t agreements = atomic_load_explicit(&halo->notice->agreements, memory_order_relaxed);
    atomic_store_explicit(&halo->notice->agreements, agreements + 1, memory_order_release);
    rpi_eventcount_notify_all(&halo->notice->changed);
    return rpi_mpi_check(rpi_halo_progress_send(halo), "MPI_Isend or MPI_Recv", error);
}
