/* To whom the edges of a block go, and how: the links of a halo. */
#include "base/error.h"
#include "pool/grid.h"
#include "world/mpi_error.h"

#include <stdlib.h>

/* Directions are numbered row by row, from the block above and to the left on. */
static int rows_below(int direction)
{
    return direction / 3 - 1;
}

static int columns_right(int direction)
{
    return direction % 3 - 1;
}

static int opposite(int direction)
{
    return HALO_DIRECTIONS - 1 - direction;
}

/* Cells of the edge of a block with `cells` rows, or columns, on the side of a neighbour there. */
static int64_t edge_cells(int side, int64_t cells, int64_t halo)
{
    return side == 0 ? cells : halo;
}

/* Where the edge begins, counted from the first row or column of the block. */
static int64_t edge_begin(int side, int64_t cells, int64_t halo)
{
    return side > 0 ? cells - halo : 0;
}

/* Where the part of the halo begins that the neighbour there fills. */
static int64_t border_begin(int side, int64_t cells, int64_t halo)
{
    return side == 0 ? 0 : side < 0 ? -halo : cells;
}

/* The outbox of a rank: room for the edge in each direction. The same layout for all ranks, that of
 * the largest block: blocks differ by a row or a column only. */
struct outbox {
    size_t offset[HALO_DIRECTIONS];
    size_t half; /* bytes of one of its two halves */
};

static struct outbox plan_outbox(const rp_grid *grid)
{
    struct outbox outbox = {.half = 0};
    const size_t line = sizeof(struct notice);
    rp_range rows, columns;
    rpi_grid_block(grid, 0, &rows, &columns);
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        bool cut_there = (rows_below(i) == 0 || grid->tiling.rows > 1) &&
                         (columns_right(i) == 0 || grid->tiling.columns > 1);
        outbox.offset[i] = outbox.half;
        if (i == opposite(i) || !cut_there)
            continue;
        size_t cells = (size_t)edge_cells(rows_below(i), rows.end, grid->halo_width) *
                       (size_t)edge_cells(columns_right(i), columns.end, grid->halo_width);
        outbox.half += (cells * grid->cell_size + line - 1) / line * line;
    }
    return outbox;
}

/* A part of the node memory. */
static struct notice *notice_of(const struct halo *halo, int node_rank)
{
    return (struct notice *)halo->memory.base + node_rank;
}

static char *outbox_of(const rp_grid *grid, const struct outbox *outbox, int node_rank)
{
    char *first = (char *)notice_of(&grid->halo, grid->pool->world.node_ranks);
    return first + (size_t)node_rank * 2 * outbox->half;
}

static rp_status make_memory(rp_grid *grid, const struct outbox *outbox, rp_error *error)
{
    const struct world *world = &grid->pool->world;
    size_t ranks = (size_t)world->node_ranks, boxes, bytes;
    if (__builtin_mul_overflow(2 * ranks, outbox->half, &boxes) ||
        __builtin_add_overflow(boxes, ranks * sizeof(struct notice), &bytes) || bytes > PTRDIFF_MAX)
        return rpi_error_set(error, RP_ERR_MEMORY, "no room for the edges of such blocks");
    return rpi_node_memory_make(world->node_comm, bytes, &grid->halo.memory, error);
}

/* The rank's number on this node; -1: it is on another. */
static int on_this_node(const struct world *world, int rank)
{
    MPI_Group all, node;
    int node_rank;
    MPI_Comm_group(world->comm, &all);
    MPI_Comm_group(world->node_comm, &node);
    MPI_Group_translate_ranks(all, 1, &rank, node, &node_rank);
    MPI_Group_free(&all);
    MPI_Group_free(&node);
    return node_rank != MPI_UNDEFINED ? node_rank : -1;
}

static void measure_link(const rp_grid *grid, int direction, struct link *link)
{
    int below = rows_below(direction), right = columns_right(direction);
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

static void connect(rp_grid *grid, const struct outbox *outbox, int direction)
{
    const struct world *world = &grid->pool->world;
    struct link *link = &grid->halo.links[direction];
    link->rank = -1;
    if (direction != opposite(direction))
        link->rank = rpi_grid_neighbour(grid, rows_below(direction), columns_right(direction));
    if (link->rank < 0)
        return;
    measure_link(grid, direction, link);
    int node_rank = on_this_node(world, link->rank);
    if (node_rank < 0)
        return;
    link->notice = notice_of(&grid->halo, node_rank);
    for (int half = 0; half < 2; half++) {
        size_t skip = (size_t)half * outbox->half;
        link->out[half] =
            outbox_of(grid, outbox, world->node_rank) + skip + outbox->offset[direction];
        link->in[half] =
            outbox_of(grid, outbox, node_rank) + skip + outbox->offset[opposite(direction)];
    }
}

void rpi_halo_make(rp_grid *grid, rp_error *error)
{
    const struct world *world = &grid->pool->world;
    struct halo *halo = &grid->halo;
    struct outbox outbox = plan_outbox(grid);
    int code = MPI_Comm_dup(world->comm, &halo->mail.comm);
    if (rpi_mpi_check(code, "MPI_Comm_dup", error) != RP_OK ||
        make_memory(grid, &outbox, error) != RP_OK)
        return;
    halo->notice = notice_of(halo, world->node_rank);
    for (int direction = 0; direction < HALO_DIRECTIONS; direction++)
        connect(grid, &outbox, direction);
    rpi_mail_make(halo, error);
}

void rpi_halo_drop(struct halo *halo, bool orderly)
{
    rpi_mail_drop(halo, orderly);
    rpi_node_memory_drop(&halo->memory);
}
