/* The links of a halo to the neighbours, and the outboxes in node memory. */
#include "base/error.h"
#include "comm/mpi_error.h"
#include "grid/grid.h"

#include <stdlib.h>

/* Directions are numbered row by row, starting with the block above and to the left. */
static int direction_rows_below(int direction)
{
    return direction / 3 - 1;
}

static int direction_columns_right(int direction)
{
    return direction % 3 - 1;
}

static int direction_opposite(int direction)
{
    return HALO_DIRECTIONS - 1 - direction;
}

/* The next functions treat one axis, along which the block has `cells` cells. `side` is -1, 0 or 1:
 * where the neighbour lies along it. This one returns the cells of the edge towards it. */
static int64_t edge_cells(int side, int64_t cells, int64_t halo)
{
    return side == 0 ? cells : halo;
}

/* Start of the edge, counted from the first row or column of the block. */
static int64_t edge_begin(int side, int64_t cells, int64_t halo)
{
    return side > 0 ? cells - halo : 0;
}

/* Start of the part of the halo that this neighbour fills. */
static int64_t border_begin(int side, int64_t cells, int64_t halo)
{
    return side == 0 ? 0 : side < 0 ? -halo : cells;
}

/* Layout of an outbox, with room for the edge in each direction. All ranks use the layout of the
 * largest block, as blocks differ by at most one row and one column. */
struct outbox {
    size_t offset[HALO_DIRECTIONS];
    size_t half; /* bytes of one of its two halves */
};

static struct outbox outbox_layout(const rp_grid *grid)
{
    struct outbox outbox = {.half = 0};
    const size_t line = sizeof(struct notice);
    rp_range rows, columns;
    rpi_grid_block(grid, 0, &rows, &columns);
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        bool cut_there = (direction_rows_below(i) == 0 || grid->tiling.rows > 1) &&
                         (direction_columns_right(i) == 0 || grid->tiling.columns > 1);
        outbox.offset[i] = outbox.half;
        if (i == direction_opposite(i) || !cut_there)
            continue;
        size_t cells =
            (size_t)edge_cells(direction_rows_below(i), rows.end, grid->halo_width) *
            (size_t)edge_cells(direction_columns_right(i), columns.end, grid->halo_width);
        outbox.half += (cells * grid->cell_size + line - 1) / line * line;
    }
    return outbox;
}

/* The notices are at the beginning of the node memory, the outboxes behind them. */
static struct notice *node_notice(const struct halo *halo, int node_rank)
{
    return (struct notice *)halo->memory.base + node_rank;
}

static char *node_outbox(const rp_grid *grid, const struct outbox *outbox, int node_rank)
{
    char *first = (char *)node_notice(&grid->halo, grid->pool->world.node_ranks);
    return first + (size_t)node_rank * 2 * outbox->half;
}

static rp_status halo_memory_make(rp_grid *grid, const struct outbox *outbox, rp_error *error)
{
    const struct world *world = &grid->pool->world;
    size_t ranks = (size_t)world->node_ranks, outboxes, bytes;
    if (__builtin_mul_overflow(2 * ranks, outbox->half, &outboxes) ||
        __builtin_add_overflow(outboxes, ranks * sizeof(struct notice), &bytes) ||
        bytes > PTRDIFF_MAX)
        return rpi_error_set(error, RP_ERR_MEMORY, "no room for the edges of such blocks");
    return rpi_node_memory_make(world->node_comm, bytes, &grid->halo.memory, error);
}

static void link_measure(const rp_grid *grid, int direction, struct link *link)
{
    int below = direction_rows_below(direction), right = direction_columns_right(direction);
    int64_t halo = grid->halo_width;
    int64_t rows = grid->rows.end - grid->rows.begin;
    int64_t columns = grid->columns.end - grid->columns.begin;
    int64_t size = (int64_t)grid->cell_size;
    link->rows = (size_t)edge_cells(below, rows, halo);
    link->row_bytes = (size_t)(edge_cells(right, columns, halo) * size);
    link->edge = (ptrdiff_t)((edge_begin(below, rows, halo) * grid->stride +
                              edge_begin(right, columns, halo)) *
                             size);
    link->border = (ptrdiff_t)((border_begin(below, rows, halo) * grid->stride +
                                border_begin(right, columns, halo)) *
                               size);
}

static void link_connect(rp_grid *grid, const struct outbox *outbox, int direction)
{
    const struct world *world = &grid->pool->world;
    struct link *link = &grid->halo.links[direction];
    link->rank = -1;
    if (direction != direction_opposite(direction))
        link->rank = rpi_grid_neighbour(grid, direction_rows_below(direction),
                                        direction_columns_right(direction));
    if (link->rank < 0)
        return;
    link_measure(grid, direction, link);
    int node_rank = rpi_world_node_rank(world, link->rank);
    if (node_rank < 0)
        return;
    link->notice = node_notice(&grid->halo, node_rank);
    for (int half = 0; half < 2; half++) {
        size_t skip = (size_t)half * outbox->half;
        link->out[half] =
            node_outbox(grid, outbox, world->node_rank) + skip + outbox->offset[direction];
        link->in[half] = node_outbox(grid, outbox, node_rank) + skip +
                         outbox->offset[direction_opposite(direction)];
    }
}

void rpi_halo_make(rp_grid *grid, rp_error *error)
{
    const struct world *world = &grid->pool->world;
    struct halo *halo = &grid->halo;
    struct outbox outbox = outbox_layout(grid);
    int code = MPI_Comm_dup(world->comm, &halo->remote.comm);
    if (rpi_mpi_check(code, "MPI_Comm_dup", error) != RP_OK ||
        halo_memory_make(grid, &outbox, error) != RP_OK)
        return;
    halo->notice = node_notice(halo, world->node_rank);
    for (int direction = 0; direction < HALO_DIRECTIONS; direction++)
        link_connect(grid, &outbox, direction);
    rpi_halo_remote_make(halo, error);
}

void rpi_halo_drop(struct halo *halo, enum halo_end end)
{
    rpi_halo_remote_drop(halo, end);
    rpi_node_memory_drop(&halo->memory);
}
