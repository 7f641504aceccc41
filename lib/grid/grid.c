/* Grids: the mapping of blocks to ranks, the memory of fields, opening and closing. */
#include "grid/grid.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ROW_ALIGNMENT = 64, /* bytes: a cache line, and no vector is longer */
    FIELD_ALIGNMENT = 64
};

/* Limit on the bytes of all cells, so that the sum of a few fields does not overflow. */
static const int64_t most_bytes = INT64_C(1) << 62;

/* ---- blocks ---------------------------------------------------------------------------------- */

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

/* ---- fields ---------------------------------------------------------------------------------- */

/* From the first cell of the halo to the first cell of the block. */
static size_t field_lead_bytes(const rp_grid *grid)
{
    return (size_t)(grid->halo_width * grid->stride + grid->halo_width) * grid->cell_size;
}

/* rp_grid_open() has checked that the number of bytes does not overflow. */
static struct field *field_make(const rp_grid *grid)
{
    int64_t rows = grid->rows.end - grid->rows.begin + 2 * grid->halo_width;
    size_t bytes = (size_t)rows * (size_t)grid->stride * grid->cell_size + FIELD_ALIGNMENT;
    struct field *field = calloc(1, sizeof *field);
    if (field != NULL)
        field->memory = calloc(bytes, 1);
    if (field == NULL || field->memory == NULL) {
        free(field);
        return NULL;
    }
    uintptr_t first = (uintptr_t)field->memory + field_lead_bytes(grid);
    size_t to_line = (FIELD_ALIGNMENT - first % FIELD_ALIGNMENT) % FIELD_ALIGNMENT;
    field->bytes = bytes;
    field->first = (char *)field->memory + field_lead_bytes(grid) + to_line;
    field->number = grid->fields != NULL ? grid->fields->number + 1 : 0;
    return field;
}

static void field_drop(struct field *field)
{
    if (field != NULL)
        free(field->memory);
    free(field);
}

rp_status rp_grid_alloc(rp_grid *grid, void **field)
{
    if (field != NULL)
        *field = NULL;
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    struct vote vote = rpi_vote(CALL_GRID_ALLOC);
    vote.terms[0] = grid->number;
    struct field *made = field != NULL ? field_make(grid) : NULL;
    if (field == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the address in");
    else if (made == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for a block of a grid");
    rp_status status = rpi_pool_agree(grid->pool, &vote);
    if (status != RP_OK) {
        field_drop(made);
        return status;
    }
    made->next = grid->fields;
    grid->fields = made;
    *field = made->first;
    return RP_OK;
}

static void fields_drop(rp_grid *grid)
{
    while (grid->fields != NULL) {
        struct field *field = grid->fields;
        grid->fields = field->next;
        field_drop(field);
    }
}

int64_t rpi_grid_field_number(const rp_grid *grid, const void *first)
{
    const struct field *field = grid->fields;
    while (field != NULL && field->first != first)
        field = field->next;
    return field != NULL ? field->number : -1;
}

bool rpi_grid_field_overlaps(const rp_grid *grid, const void *memory, size_t bytes)
{
    uintptr_t begin = (uintptr_t)memory;
    for (const struct field *field = grid->fields; field != NULL; field = field->next) {
        uintptr_t other = (uintptr_t)field->memory;
        if (begin < other + field->bytes && other < begin + bytes)
            return true;
    }
    return false;
}

/* ---- opening and closing --------------------------------------------------------------------- */

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
        vote.terms[0] = shape->rows;
        vote.terms[1] = shape->columns;
        vote.terms[2] = (int64_t)shape->cell_size;
        vote.terms[3] = shape->halo;
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
    grid->number = pool->grids_made;
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
        rpi_halo_drop(&grid->halo, false);
    return status;
}

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
    pool->grids_made++;
    made->next = pool->grids;
    pool->grids = made;
    *grid = made;
    return RP_OK;
}

static void grid_drop(rp_grid *grid, bool orderly)
{
    rp_grid **place = &grid->pool->grids;
    while (*place != grid)
        place = &(*place)->next;
    *place = grid->next;
    rpi_halo_drop(&grid->halo, orderly);
    fields_drop(grid);
    free(grid);
}

rp_status rp_grid_close(rp_grid **grid)
{
    if (grid == NULL || *grid == NULL)
        return RP_OK;
    rp_grid *closing = *grid;
    rp_pool *pool = closing->pool;
    struct vote vote = rpi_vote(CALL_GRID_CLOSE);
    vote.terms[0] = closing->number;
    vote.terms[1] = (int64_t)closing->halo.begun;
    if (pool->loop.open)
        return rpi_pool_agree(pool, &vote);
    *grid = NULL;
    if (closing->halo.field != NULL)
        rpi_error_set(&vote.error, RP_ERR_STATE,
                      "the grid was closed with an exchange begun and not ended");
    rp_status status = rpi_pool_agree(pool, &vote);
    grid_drop(closing, pool->world.agreement.out_of_step.status == RP_OK);
    return status;
}

/* Ranks that are out of step enter no more agreements. */
void rpi_grids_before_agreement(rp_pool *pool)
{
    bool in_step = pool->world.agreement.out_of_step.status == RP_OK;
    for (rp_grid *grid = pool->grids; grid != NULL && in_step; grid = grid->next)
        rpi_halo_before_agreement(&grid->halo);
}

void rpi_grids_drop(rp_pool *pool, bool orderly)
{
    while (pool->grids != NULL)
        grid_drop(pool->grids, orderly);
}
