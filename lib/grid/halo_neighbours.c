/* The links of a halo to the neighbours, and the outboxes in node memory. */
#include "base/error.h"
#include "comm/mpi_error.h"
#include "grid/grid.h"

#include <stdlib.h>

/* A block's neighbours and itself, numbered layer by layer and row by row. The block itself is in
 * the middle; opposite directions add up to the last. */
enum {
    HALO_DIRECTIONS = 27,
    HALO_HERE = HALO_DIRECTIONS / 2
};

/* Where the neighbour in a direction lies along each axis: -1, 0 or 1. */
static void direction_sides(int direction, int side[DIMENSIONS])
{
    for (int d = DIMENSIONS - 1; d >= 0; d--) {
        side[d] = direction % 3 - 1;
        direction /= 3;
    }
}

static int direction_opposite(int direction)
{
    return HALO_DIRECTIONS - 1 - direction;
}

/* The next functions treat one axis, along which the block has `cells` cells and the neighbour lies
 * at `side`. This one returns the cells of the edge towards it. */
static int64_t edge_cells(int side, int64_t cells, int64_t halo)
{
    return side == 0 ? cells : halo;
}

/* Start of the edge, counted from the first cell of the block. */
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
 * largest block, as blocks differ by at most one cell each way. */
struct outbox {
    size_t offset[HALO_DIRECTIONS];
    size_t half; /* bytes of one of its two halves */
};

/* Bytes of the largest edge in a direction; 0 if no block has a neighbour there. */
static size_t outbox_edge_bytes(const rp_grid *grid, int direction)
{
    struct box block;
    int side[DIMENSIONS];
    size_t cells = direction != HALO_HERE;
    rpi_grid_block(grid, 0, &block);
    direction_sides(direction, side);
    for (int d = 0; d < DIMENSIONS; d++) {
        if (side[d] != 0 && grid->tiling.blocks[d] == 1)
            return 0;
        cells *= (size_t)edge_cells(side[d], block.range[d].end, grid->halo_width);
    }
    return cells * grid->cell_size;
}

static struct outbox outbox_layout(const rp_grid *grid)
{
    struct outbox outbox = {.half = 0};
    const size_t line = sizeof(struct notice);
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        outbox.offset[i] = outbox.half;
        outbox.half += (outbox_edge_bytes(grid, i) + line - 1) / line * line;
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

static void link_measure(const rp_grid *grid, const int side[DIMENSIONS], struct link *link)
{
    int64_t length[DIMENSIONS], edge = 0, border = 0, halo = grid->halo_width;
    for (int d = 0; d < DIMENSIONS; d++) {
        int64_t cells = grid->block.range[d].end - grid->block.range[d].begin;
        length[d] = edge_cells(side[d], cells, halo);
        edge += edge_begin(side[d], cells, halo) * grid->stride[d];
        border += border_begin(side[d], cells, halo) * grid->stride[d];
    }
    link->shape = rpi_grid_cells(grid, NULL, length, grid->stride);
    link->edge = (ptrdiff_t)(edge * (int64_t)grid->cell_size);
    link->border = (ptrdiff_t)(border * (int64_t)grid->cell_size);
}

static void link_connect(rp_grid *grid, const struct outbox *outbox, int direction)
{
    const struct world *world = &grid->pool->world;
    int side[DIMENSIONS];
    direction_sides(direction, side);
    int rank = direction != HALO_HERE ? rpi_grid_neighbour(grid, side) : -1;
    if (rank < 0)
        return;
    struct link *link = &grid->halo.links[grid->halo.neighbours++];
    link->rank = rank;
    link_measure(grid, side, link);
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
