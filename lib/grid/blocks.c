/* The mapping of blocks to ranks. */
#include "grid/grid.h"

bool rpi_grid_block(const rp_grid *grid, int rank, rp_range *rows, rp_range *columns)
{
    const struct tiling *tiling = &grid->tiling;
    *rows = *columns = (rp_range){0, 0};
    if (rank >= tiling->rows * tiling->columns)
        return false;
    *rows = rp_block(grid->all_rows, tiling->rows, rank / tiling->columns);
    *columns = rp_block(grid->all_columns, tiling->columns, rank % tiling->columns);
    return true;
}

int rpi_grid_neighbour(const rp_grid *grid, int rows_below, int columns_right)
{
    const struct tiling *tiling = &grid->tiling;
    int rank = grid->pool->world.rank;
    int64_t row = rank / tiling->columns + rows_below;
    int64_t column = rank % tiling->columns + columns_right;
    if (rank >= tiling->rows * tiling->columns || row < 0 || row >= tiling->rows || column < 0 ||
        column >= tiling->columns)
        return -1;
    return (int)(row * tiling->columns + column);
}

rp_range rp_grid_rows(const rp_grid *grid)
{
    return grid->rows;
}

rp_range rp_grid_columns(const rp_grid *grid)
{
    return grid->columns;
}

/* The rows, or columns, of a block without those that border on other blocks. */
static rp_range range_inner(rp_range block, int64_t all, int64_t halo)
{
    if (block.begin > 0)
        block.begin += halo;
    if (block.end < all)
        block.end -= halo;
    if (block.end < block.begin)
        block.end = block.begin;
    return block;
}

void rp_grid_inner(const rp_grid *grid, rp_range *rows, rp_range *columns)
{
    *rows = *columns = (rp_range){0, 0};
    if (grid->rows.end == grid->rows.begin)
        return;
    *rows = range_inner(grid->rows, grid->all_rows, grid->halo_width);
    *columns = range_inner(grid->columns, grid->all_columns, grid->halo_width);
}

int64_t rp_grid_stride(const rp_grid *grid)
{
    return grid->stride;
}
