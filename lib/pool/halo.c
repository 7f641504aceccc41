/* Exchanging borders: begin and end. */
#include "base/error.h"
#include "pool/grid.h"
#include "pool/sight.h"

#include <inttypes.h>

/* How long a rank sleeps at a time while a neighbour's edge is not there: with messages on their
 * way it has to look after them; otherwise the bound matters only if a wake-up were lost. */
static const double longest_sleep = 0.1, longest_sleep_with_messages = 1e-3;

static struct rectangle edge_of(const rp_grid *grid, const struct link *link, ptrdiff_t place)
{
    return (struct rectangle){.first = grid->halo.field + place,
                              .rows = link->rows,
                              .row_bytes = link->row_bytes,
                              .distance = (size_t)grid->stride * grid->cell_size};
}

static void pack(const rp_grid *grid, const struct link *link)
{
    struct rectangle edge = edge_of(grid, link, link->edge);
    rpi_rectangle_read(&edge, 0, rpi_rectangle_bytes(&edge), link->out[grid->halo.begun % 2]);
}

static void unpack(const rp_grid *grid, const struct link *link)
{
    struct rectangle border = edge_of(grid, link, link->border);
    rpi_rectangle_write(&border, 0, rpi_rectangle_bytes(&border), link->in[grid->halo.begun % 2]);
}

/* Every failure of an exchange is this rank's own, told by its last error. */
static rp_status fail(rp_grid *grid, const rp_error *error)
{
    rp_error *last = &grid->pool->last;
    grid->halo.broken = true;
    grid->halo.field = NULL;
    *last = *error;
    if (last->rank < 0)
        last->rank = grid->pool->world.rank;
    return last->status;
}

static rp_status refuse(const rp_grid *grid, rp_status status, const char *why)
{
    rp_error *last = &grid->pool->last;
    rpi_error_set(last, status, "%s", why);
    last->rank = grid->pool->world.rank;
    return status;
}

/* Edges, then the count, then the news. */
static void announce(struct halo *halo)
{
    atomic_store_explicit(&halo->notice->sent, halo->begun, memory_order_release);
    rpi_signal_all(&halo->notice->news);
}

rp_status rp_grid_exchange_begin(rp_grid *grid, void *field)
{
    if (grid == NULL)
        return RP_ERR_ARGUMENT;
    struct halo *halo = &grid->halo;
    if (halo->broken)
        return refuse(grid, RP_ERR_STATE, "an exchange has failed: the grid can only be closed");
    if (halo->field != NULL)
        return refuse(grid, RP_ERR_STATE, "an exchange was begun already, and not ended");
    if (grid->pool->loop.open)
        return refuse(grid, RP_ERR_STATE, "a loop is open on this pool; close it first");
    if (rpi_grid_field_number(grid, field) < 0)
        return refuse(grid, RP_ERR_ARGUMENT, "that is no field of this grid");
    double begin = sight_now(grid->pool);
    halo->field = field;
    halo->begun++;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        if (halo->links[i].rank >= 0)
            pack(grid, &halo->links[i]);
    }
    announce(halo);
    rp_error error;
    rpi_error_clear(&error);
    if (rpi_mail_begin(halo, &error) != RP_OK)
        return fail(grid, &error);
    rpi_sight_service(grid->pool, begin);
    return RP_OK;
}

bool rpi_halo_is_lost(const struct halo *halo, uint64_t sent, uint64_t meetings)
{
    return sent < halo->begun &&
           meetings > atomic_load_explicit(&halo->notice->meetings, memory_order_relaxed);
}

rp_status rpi_halo_lost(const struct halo *halo, const struct link *link, rp_error *error)
{
    return rpi_error_set(error, RP_ERR_STATE,
                         "rank %d has closed the grid, or waits in another call, before its "
                         "exchange %" PRIu64,
                         link->rank, halo->begun);
}

/* Waits for the edge of a neighbour on this node. */
static rp_status await(struct halo *halo, const struct link *link, rp_error *error)
{
    struct notice *notice = link->notice;
    double longest = halo->mail.pending ? longest_sleep_with_messages : longest_sleep;
    for (;;) {
        uint32_t seen = rpi_signal_seen(&notice->news);
        uint64_t meetings = atomic_load_explicit(&notice->meetings, memory_order_acquire);
        uint64_t sent = atomic_load_explicit(&notice->sent, memory_order_acquire);
        if (sent >= halo->begun)
            return RP_OK;
        if (rpi_halo_is_lost(halo, sent, meetings))
            return rpi_halo_lost(halo, link, error);
        rpi_signal_wait(&notice->news, seen, halo->spin, longest);
        rpi_tidings_take(halo);
    }
}

static rp_status end_on_node(rp_grid *grid, rp_error *error)
{
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        const struct link *link = &grid->halo.links[i];
        if (link->notice == NULL)
            continue;
        if (await(&grid->halo, link, error) != RP_OK)
            return error->status;
        unpack(grid, link);
    }
    return RP_OK;
}

static rp_status end_with_messages(rp_grid *grid, rp_error *error)
{
    if (rpi_mail_end(&grid->halo, error) != RP_OK)
        return error->status;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        if (grid->halo.links[i].parts > 0)
            unpack(grid, &grid->halo.links[i]);
    }
    return RP_OK;
}

rp_status rp_grid_exchange_end(rp_grid *grid)
{
    if (grid == NULL)
        return RP_ERR_ARGUMENT;
    if (grid->halo.field == NULL)
        return refuse(grid, RP_ERR_STATE, "no exchange was begun");
    double begin = sight_now(grid->pool);
    rp_error error;
    rpi_error_clear(&error);
    if (end_on_node(grid, &error) != RP_OK || end_with_messages(grid, &error) != RP_OK)
        return fail(grid, &error);
    grid->halo.field = NULL;
    rpi_sight_service(grid->pool, begin);
    return RP_OK;
}

void rpi_halo_meet(struct halo *halo)
{
    uint64_t meetings = atomic_load_explicit(&halo->notice->meetings, memory_order_relaxed);
    atomic_store_explicit(&halo->notice->meetings, meetings + 1, memory_order_release);
    rpi_signal_all(&halo->notice->news);
    rpi_tidings_send(halo);
}
