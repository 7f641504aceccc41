/* Opening and closing of grids. */
#include "grid/grid.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ROW_ALIGNMENT = 64 /* bytes: a cache line, and no vector is longer */
};

/* Limit on the bytes of all cells, so that the sum of a few fields does not overflow. */
static const int64_t most_bytes = INT64_C(1) << 62;

static rp_status shape_check(const rp_grid_shape *shape, rp_error *error)
{
    int64_t rows, cells, bytes;
    int64_t layers = shape->layers > 0 ? shape->layers : 1;
    if (!rpi_reserved_zero(shape->reserved, sizeof shape->reserved / sizeof shape->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "shape.reserved is not zero");
    if (shape->rows < 1 || shape->columns < 1)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "a grid of %" PRId64 " x %" PRId64 " cells: give at least 1 x 1",
                             shape->rows, shape->columns);
    if (shape->layers < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "a grid of %" PRId64
                             " layers: give at least 1, or 0 for two dimensions",
                             shape->layers);
    if (shape->cell_size < 1)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "cell_size is 0: give at least 1");
    if (shape->halo < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "halo is %d: give 0 or more", shape->halo);
    if (__builtin_mul_overflow(layers, shape->rows, &rows) ||
        __builtin_mul_overflow(rows, shape->columns, &cells) ||
        __builtin_mul_overflow(cells, shape->cell_size, &bytes) || bytes > most_bytes)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%" PRId64 " x %" PRId64 " x %" PRId64
                             " cells of %zu bytes are more than 2^62 bytes",
                             layers, shape->rows, shape->columns, shape->cell_size);
    return RP_OK;
}

/* First agreement: all ranks ask for the same grid, and have memory for its struct. */
static rp_status grid_agree_shape(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid,
                                  const rp_grid *made)
{
    struct vote vote = rpi_vote(CALL_GRID_OPEN);
    if (shape == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no shape");
    else if (grid == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the grid in");
    else if (shape_check(shape, &vote.error) == RP_OK && made == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for a grid");
    if (shape != NULL) {
        vote.terms[GRID_LAYERS] = shape->layers;
        vote.terms[GRID_ROWS] = shape->rows;
        vote.terms[GRID_COLUMNS] = shape->columns;
        vote.terms[GRID_CELL_SIZE] = (int64_t)shape->cell_size;
        vote.terms[GRID_HALO] = shape->halo;
    }
    return rpi_pool_agree(pool, &vote);
}

/* The number of cells by which the rows of fields grow: the smallest power of two that fills whole
 * lines. */
static int64_t grid_row_grain(const rp_grid *grid)
{
    size_t cells = ROW_ALIGNMENT;
    while (cells > 1 && cells / 2 * grid->cell_size % ROW_ALIGNMENT == 0)
        cells /= 2;
    return (int64_t)cells;
}

/* The strides of a field for a block. False if the size of the field overflows. */
static bool grid_strides(const rp_grid *grid, const struct box *block, int64_t stride[DIMENSIONS])
{
    int64_t length[DIMENSIONS], grain = grid_row_grain(grid), cells, bytes;
    for (int d = 0; d < DIMENSIONS; d++)
        length[d] = block->range[d].end - block->range[d].begin + 2 * grid->halo_cells[d];
    stride[COLUMNS] = 1;
    stride[ROWS] = (length[COLUMNS] + grain - 1) / grain * grain;
    return !__builtin_mul_overflow(length[ROWS], stride[ROWS], &stride[LAYERS]) &&
           !__builtin_mul_overflow(length[LAYERS] + 1, stride[LAYERS], &cells) &&
           !__builtin_mul_overflow(cells, grid->cell_size, &bytes);
}

/* Does the size of a field not overflow on the first rank, whose block is the largest? */
static bool field_bytes_fit(const rp_grid *grid)
{
    struct box block;
    int64_t stride[DIMENSIONS];
    rpi_grid_block(grid, 0, &block);
    return grid_strides(grid, &block, stride);
}

/* The blocks of all ranks follow from the shape and the number of ranks. */
static void grid_init(rp_grid *grid, rp_pool *pool, const rp_grid_shape *shape)
{
    grid->pool = pool;
    grid->halo.spin = pool->world.agreement.spin;
    rpi_halo_remote_clear(&grid->halo.remote);
    grid->number = pool->grids->made;
    grid->cells[LAYERS] = shape->layers > 0 ? shape->layers : 1;
    grid->cells[ROWS] = shape->rows;
    grid->cells[COLUMNS] = shape->columns;
    grid->cell_size = shape->cell_size;
    grid->halo_width = shape->halo > 0 ? shape->halo : 1;
    for (int d = 0; d < DIMENSIONS; d++)
        grid->halo_cells[d] = d == LAYERS && shape->layers == 0 ? 0 : grid->halo_width;
    grid->tiling = rpi_tiling_choose(grid->cells, grid->halo_width, pool->world.ranks);
    rpi_grid_block(grid, pool->world.rank, &grid->block);
    grid_strides(grid, &grid->block, grid->stride);
}

/* Second agreement: the halo was made on all ranks. */
static rp_status grid_make_halo(rp_grid *grid)
{
    struct vote vote = rpi_vote(CALL_GRID_OPENED);
    if (field_bytes_fit(grid))
        rpi_halo_make(grid, &vote.error);
    else
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for such large blocks of a grid");
    rp_status status = rpi_pool_agree(grid->pool, &vote);
    if (status != RP_OK)
        rpi_halo_drop(&grid->halo, HALO_UNUSED);
    return status;
}

/* Tells neighbours that wait for this rank's halo data that none follows. A neighbour that has died
 * must not end a call that survives deaths. Ranks that are out of step enter no more agreements. */
static rp_status grids_before_agreement(rp_pool *pool, enum call call, rp_error *error)
{
    bool in_step = pool->world.agreement.out_of_step.status == RP_OK;
    rp_status status = RP_OK;
    for (rp_grid *grid = pool->grids->open; grid != NULL && in_step; grid = grid->next) {
        if (rpi_halo_before_agreement(&grid->halo, error) != RP_OK)
            status = error->status;
    }
    return pool->survives && rpi_call_survives(call) ? RP_OK : status;
}

static const struct agreement_hook grids_hook = {grids_before_agreement, NULL};

rp_status rp_grid_open(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid)
{
    if (grid != NULL)
        *grid = NULL;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_grid *made = calloc(1, sizeof *made);
    rp_status status = grid_agree_shape(pool, shape, grid, made);
    if (status == RP_OK) {
        grid_init(made, pool, shape);
        status = grid_make_halo(made);
    }
    if (status != RP_OK) {
        free(made);
        return status;
    }
    pool->grids->made++;
    made->next = pool->grids->open;
    pool->grids->open = made;
    pool->hooks[HOOK_OF_GRIDS] = &grids_hook;
    *grid = made;
    return RP_OK;
}

/* How the messages of grids end when the pool has agreed, with this status, to close them. */
static enum halo_end grids_end(const rp_pool *pool, rp_status status)
{
    const struct agreement *agreement = &pool->world.agreement;
    if (agreement->lost > 0)
        return HALO_FORGET;
    /* After RP_ERR_MPI the last notice of a rank may be missing: do not wait for it. */
    bool in_step = agreement->out_of_step.status == RP_OK && status != RP_ERR_MPI;
    return in_step ? HALO_DRAIN : HALO_ABANDON;
}

static void grid_drop(rp_grid *grid, enum halo_end end)
{
    rp_grid **place = &grid->pool->grids->open;
    while (*place != grid)
        place = &(*place)->next;
    *place = grid->next;
    rpi_halo_drop(&grid->halo, end);
    rpi_grid_fields_drop(grid);
    free(grid);
}

rp_status rp_grid_close(rp_grid **grid)
{
    if (grid == NULL || *grid == NULL)
        return RP_OK;
    rp_grid *closing = *grid;
    rp_pool *pool = closing->pool;
    struct vote vote = rpi_vote(CALL_GRID_CLOSE);
    vote.terms[GRID_NUMBER] = closing->number;
    vote.terms[GRID_EXCHANGES] = (int64_t)closing->halo.begun;
    if (pool->loop.open)
        return rpi_pool_agree(pool, &vote);
    *grid = NULL;
    if (closing->halo.field != NULL)
        rpi_error_set(&vote.error, RP_ERR_STATE,
                      "the grid was closed with an exchange begun and not ended");
    rp_status status = rpi_pool_agree(pool, &vote);
    grid_drop(closing, grids_end(pool, status));
    return status;
}

void rpi_grids_drop(rp_pool *pool, rp_status status)
{
    while (pool->grids->open != NULL)
        grid_drop(pool->grids->open, grids_end(pool, status));
}
