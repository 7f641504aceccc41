/* The life of a grid, and which block is whose. */
#include "pool/grid.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ROW_ALIGNMENT = 64 /* bytes: a cache line, and no vector is longer */
};

/* Of all cells together, so that no sum of a few fields' bytes overflows. */
static const int64_t most_bytes = INT64_C(1) << 62;

static rp_status check_shape(const rp_grid_shape *shape, rp_error *error)
{
    int64_t cells, bytes;
    if (!rpi_reserved_zero(shape->reserved, sizeof shape->reserved / sizeof shape->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "shape.reserved is not zero");
    if (shape->rows < 1 || shape->columns < 1)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "a grid of %" PRId64 " x %" PRId64 " cells: give at least 1 x 1",
                             shape->rows, shape->columns);
    if (shape->cell_size < 1)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "cell_size is 0: give at least 1");
    if (shape->halo < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "halo is %d: give 0 or more", shape->halo);
    if (__builtin_mul_overflow(shape->rows, shape->columns, &cells) ||
        __builtin_mul_overflow(cells, shape->cell_size, &bytes) || bytes > most_bytes)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%" PRId64 " x %" PRId64
                             " cells of %zu bytes are more than 2^62 bytes",
                             shape->rows, shape->columns, shape->cell_size);
    return RP_OK;
}

/* First meeting: everyone wants the same grid, and has room for its record. */
static rp_status want(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid,
                      const rp_grid *made)
{
    struct ballot ballot = rpi_ballot(CALL_GRID_OPEN);
    if (shape == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no shape");
    else if (grid == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no place to store the grid in");
    else if (check_shape(shape, &ballot.error) == RP_OK && made == NULL)
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for a grid");
    if (shape != NULL) {
        ballot.terms[0] = shape->rows;
        ballot.terms[1] = shape->columns;
        ballot.terms[2] = (int64_t)shape->cell_size;
        ballot.terms[3] = shape->halo;
    }
    return rpi_pool_meet(pool, &ballot);
}

/* Cells from row to row in a block with so many columns. */
static int64_t stride_for(const rp_grid *grid, rp_range columns)
{
    size_t cells = ROW_ALIGNMENT; /* so many, a power of two, fill whole lines */
    while (cells > 1 && cells / 2 * grid->cell_size % ROW_ALIGNMENT == 0)
        cells /= 2;
    int64_t row = columns.end - columns.begin + 2 * grid->halo_width;
    return (row + (int64_t)cells - 1) / (int64_t)cells * (int64_t)cells;
}

/* Can all bytes of a field be counted, on the rank with the largest block, which is the first? */
static bool is_countable(const rp_grid *grid)
{
    rp_range rows, columns;
    int64_t cells, bytes;
    rpi_grid_block(grid, 0, &rows, &columns);
    return !__builtin_mul_overflow(rows.end + 2 * grid->halo_width + 1, stride_for(grid, columns),
                                   &cells) &&
           !__builtin_mul_overflow(cells, grid->cell_size, &bytes);
}

/* Who has what follows from the shape and the number of ranks. */
static void cut(rp_grid *grid, rp_pool *pool, const rp_grid_shape *shape)
{
    grid->pool = pool;
    grid->halo.spin = pool->world.meeting.spin;
    rpi_mail_clear(&grid->halo.mail);
    grid->number = pool->grids_made;
    grid->all_rows = shape->rows;
    grid->all_columns = shape->columns;
    grid->cell_size = shape->cell_size;
    grid->halo_width = shape->halo > 0 ? shape->halo : 1;
    grid->tiling =
        rpi_tiling_choose(shape->rows, shape->columns, grid->halo_width, pool->world.ranks);
    rpi_grid_block(grid, pool->world.rank, &grid->rows, &grid->columns);
    grid->stride = stride_for(grid, grid->columns);
}

/* Second meeting: it worked everywhere. */
static rp_status make(rp_grid *grid)
{
    struct ballot ballot = rpi_ballot(CALL_GRID_OPENED);
    if (is_countable(grid))
        rpi_halo_make(grid, &ballot.error);
    else
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for such large blocks of a grid");
    rp_status status = rpi_pool_meet(grid->pool, &ballot);
    if (status != RP_OK)
        rpi_halo_drop(&grid->halo, false);
    return status;
}

rp_status rp_grid_open(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid)
{
    if (grid != NULL)
        *grid = NULL;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_grid *made = calloc(1, sizeof *made);
    rp_status status = want(pool, shape, grid, made);
    if (status == RP_OK) {
        cut(made, pool, shape);
        status = make(made);
    }
    if (status != RP_OK) {
        free(made);
        return status;
    }
    pool->grids_made++;
    made->next = pool->grids;
    pool->grids = made;
    *grid = made;
    return RP_OK;
}

static void drop(rp_grid *grid, bool orderly)
{
    rp_grid **place = &grid->pool->grids;
    while (*place != grid)
        place = &(*place)->next;
    *place = grid->next;
    rpi_halo_drop(&grid->halo, orderly);
    rpi_grid_drop_fields(grid);
    free(grid);
}

rp_status rp_grid_close(rp_grid **grid)
{
    if (grid == NULL || *grid == NULL)
        return RP_OK;
    rp_grid *closing = *grid;
    rp_pool *pool = closing->pool;
    struct ballot ballot = rpi_ballot(CALL_GRID_CLOSE);
    ballot.terms[0] = closing->number;
    ballot.terms[1] = (int64_t)closing->halo.begun;
    if (pool->loop.open)
        return rpi_pool_meet(pool, &ballot);
    *grid = NULL;
    if (closing->halo.field != NULL)
        rpi_error_set(&ballot.error, RP_ERR_STATE,
                      "the grid was closed with an exchange begun and not ended");
    rp_status status = rpi_pool_meet(pool, &ballot);
    drop(closing, pool->world.meeting.lost_step.status == RP_OK);
    return status;
}

/* Ranks that have lost step meet no more. */
void rpi_grids_meet(rp_pool *pool)
{
    bool meets = pool->world.meeting.lost_step.status == RP_OK;
    for (rp_grid *grid = pool->grids; grid != NULL && meets; grid = grid->next)
        rpi_halo_meet(&grid->halo);
}

void rpi_grids_drop(rp_pool *pool, bool orderly)
{
    while (pool->grids != NULL)
        drop(pool->grids, orderly);
}

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

/* What is left of a block's rows, or columns, without those next to other blocks. */
static rp_range inner(rp_range block, int64_t all, int64_t halo)
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
    *rows = inner(grid->rows, grid->all_rows, grid->halo_width);
    *columns = inner(grid->columns, grid->all_columns, grid->halo_width);
}

int64_t rp_grid_stride(const rp_grid *grid)
{
    return grid->stride;
}
