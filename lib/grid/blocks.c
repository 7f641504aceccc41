/* The mapping of blocks to ranks, and of cells to memory. */
#include "grid/grid.h"

/* The place of a rank's block in the grid of blocks. False if it has none. */
static bool block_place(const struct tiling *tiling, int rank, int64_t place[DIMENSIONS])
{
    int64_t left = rank;
    for (int d = DIMENSIONS - 1; d >= 0; d--) {
        place[d] = left % tiling->blocks[d];
        left /= tiling->blocks[d];
    }
    return left == 0;
}

bool rpi_grid_block(const rp_grid *grid, int rank, struct box *box)
{
    int64_t place[DIMENSIONS];
    *box = (struct box){{{0, 0}, {0, 0}, {0, 0}}};
    if (!block_place(&grid->tiling, rank, place))
        return false;
    for (int d = 0; d < DIMENSIONS; d++)
        box->range[d] = rp_block(grid->cells[d], grid->tiling.blocks[d], place[d]);
    return true;
}

int rpi_grid_neighbour(const rp_grid *grid, const int side[DIMENSIONS])
{
    const struct tiling *tiling = &grid->tiling;
    int64_t place[DIMENSIONS], rank = 0;
    if (!block_place(tiling, grid->pool->world.rank, place))
        return -1;
    for (int d = 0; d < DIMENSIONS; d++) {
        place[d] += side[d];
        if (place[d] < 0 || place[d] >= tiling->blocks[d])
            return -1;
        rank = rank * tiling->blocks[d] + place[d];
    }
    return (int)rank;
}

struct strided_block rpi_grid_cells(const rp_grid *grid, char *first,
                                    const int64_t length[DIMENSIONS],
                                    const int64_t stride[DIMENSIONS])
{
    return (struct strided_block){.first = first,
                                  .planes = (size_t)length[LAYERS],
                                  .rows = (size_t)length[ROWS],
                                  .row_bytes = (size_t)length[COLUMNS] * grid->cell_size,
                                  .plane_distance = (size_t)stride[LAYERS] * grid->cell_size,
                                  .distance = (size_t)stride[ROWS] * grid->cell_size};
}

rp_range rp_grid_layers(const rp_grid *grid)
{
    return grid->block.range[LAYERS];
}

rp_range rp_grid_rows(const rp_grid *grid)
{
    return grid->block.range[ROWS];
}

rp_range rp_grid_columns(const rp_grid *grid)
{
    return grid->block.range[COLUMNS];
}

/* A block in one dimension, without the cells that border on other blocks. */
static rp_range block_inner(const rp_grid *grid, enum dimension d)
{
    rp_range range = grid->block.range[d];
    if (range.end == range.begin)
        return range;
    if (range.begin > 0)
        range.begin += grid->halo_width;
    if (range.end < grid->cells[d])
        range.end -= grid->halo_width;
    if (range.end < range.begin)
        range.end = range.begin;
    return range;
}

void rp_grid_inner(const rp_grid *grid, rp_range *rows, rp_range *columns)
{
    *rows = block_inner(grid, ROWS);
    *columns = block_inner(grid, COLUMNS);
}

rp_range rp_grid_inner_layers(const rp_grid *grid)
{
    return block_inner(grid, LAYERS);
}

int64_t rp_grid_stride(const rp_grid *grid)
{
    return grid->stride[ROWS];
}

int64_t rp_grid_layer_stride(const rp_grid *grid)
{
    return grid->stride[LAYERS];
}
