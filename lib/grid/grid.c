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
        vote.terms[GRID_ROWS] = shape->rows;
        vote.terms[GRID_COLUMNS] = shape->columns;
        vote.terms[GRID_CELL_SIZE] = (int64_t)shape->cell_size;
        vote.terms[GRID_HALO] = shape->halo;
    }
    return rpi_pool_agree(pool, &vote);
}

/* Cells from row to row in a block with these columns. */
static int64_t grid_row_stride(const rp_grid *grid, rp_range columns)
{
    size_t cells = ROW_ALIGNMENT; /* the smallest power of two that fills whole lines */
    while (cells > 1 && cells / 2 * grid->cell_size % ROW_ALIGNMENT == 0)
        cells /= 2;
    int64_t row = columns.end - columns.begin + 2 * grid->halo_width;
    return (row + (int64_t)cells - 1) / (int64_t)cells * (int64_t)cells;
}

/* Does the size of a field not overflow on the first rank, whose block is the largest? */
static bool field_bytes_fit(const rp_grid *grid)
{
    rp_range rows, columns;
    int64_t cells, bytes;
    rpi_grid_block(grid, 0, &rows, &columns);
    return !__builtin_mul_overflow(rows.end + 2 * grid->halo_width + 1,
                                   grid_row_stride(grid, columns), &cells) &&
           !__builtin_mul_overflow(cells, grid->cell_size, &bytes);
}

/* The blocks of all ranks follow from the shape and the number of ranks. */
static void grid_init(rp_grid *grid, rp_pool *pool, const rp_grid_shape *shape)
{
    grid->pool = pool;
    grid->halo.spin = pool->world.agreement.spin;
    rpi_halo_remote_clear(&grid->halo.remote);
    grid->number = pool->grids->made;
    grid->all_rows = shape->rows;
    grid->all_columns = shape->columns;
    grid->cell_size = shape->cell_size;
    grid->halo_width = shape->halo > 0 ? shape->halo : 1;
    grid->tiling =
        rpi_tiling_choose(shape->rows, shape->columns, grid->halo_width, pool->world.ranks);
    rpi_grid_block(grid, pool->world.rank, &grid->rows, &grid->columns);
    grid->stride = grid_row_stride(grid, grid->columns);
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
        rpi_halo_drop(&grid->halo, HALO_ABANDON);
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
