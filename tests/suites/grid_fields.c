#include "grid_fields.h"

#include "suites.h"

#include <stdlib.h>
#include <string.h>

rp_grid *open_grid(rp_pool *pool, rp_grid_shape shape)
{
    rp_grid *grid;
    rp_status status = rp_grid_open(pool, &shape, &grid);
    ck_assert_msg(status == RP_OK, "rp_grid_open: %s", rp_last_error(pool)->text);
    return grid;
}

void *alloc_field(rp_pool *pool, rp_grid *grid)
{
    void *field;
    rp_status status = rp_grid_alloc(grid, &field);
    ck_assert_msg(status == RP_OK, "rp_grid_alloc: %s", rp_last_error(pool)->text);
    return field;
}

int64_t length(rp_range range)
{
    return range.end - range.begin;
}

enum {
    UNTOUCHED = 0xee
};

static int64_t layers_of(rp_grid_shape shape)
{
    return shape.layers > 0 ? shape.layers : 1;
}

int64_t cells_of(rp_grid_shape shape)
{
    return layers_of(shape) * shape.rows * shape.columns;
}

/* Byte `index` of a cell of the whole field, in the given step. */
static unsigned char cell_byte(struct place place, size_t index, int step)
{
    uint64_t mixed = (uint64_t)place.layer * 15485863 + (uint64_t)place.row * 1000003 +
                     (uint64_t)place.column * 7919 + index * 31 + (uint64_t)step * 104729;
    mixed ^= mixed >> 7;
    return (unsigned char)(mixed % UNTOUCHED);
}

static unsigned char *cell_of(const struct part *part, struct place place)
{
    int64_t l = place.layer - rp_grid_layers(part->grid).begin;
    int64_t r = place.row - rp_grid_rows(part->grid).begin;
    int64_t c = place.column - rp_grid_columns(part->grid).begin;
    return part->field +
           (l * rp_grid_layer_stride(part->grid) + r * rp_grid_stride(part->grid) + c) *
               (int64_t)part->shape.cell_size;
}

static bool in_range(int64_t index, rp_range range)
{
    return index >= range.begin && index < range.end;
}

static bool in_block(const struct part *part, struct place place)
{
    return in_range(place.layer, rp_grid_layers(part->grid)) &&
           in_range(place.row, rp_grid_rows(part->grid)) &&
           in_range(place.column, rp_grid_columns(part->grid));
}

static bool in_field(const struct part *part, struct place place)
{
    return in_range(place.layer, (rp_range){0, layers_of(part->shape)}) &&
           in_range(place.row, (rp_range){0, part->shape.rows}) &&
           in_range(place.column, (rp_range){0, part->shape.columns});
}

/* The cells up to `halo` away from the block. */
static void visit_around(const struct part *part, int64_t halo, int step,
                         void (*visit)(const struct part *, struct place, int))
{
    rp_range layers = rp_grid_layers(part->grid), rows = rp_grid_rows(part->grid);
    rp_range columns = rp_grid_columns(part->grid);
    int64_t above = part->shape.layers > 0 ? halo : 0;
    for (int64_t l = layers.begin - above; l < layers.end + above; l++)
        for (int64_t r = rows.begin - halo; r < rows.end + halo; r++)
            for (int64_t c = columns.begin - halo; c < columns.end + halo; c++)
                visit(part, (struct place){l, r, c}, step);
}

void visit_cells(const struct part *part, int step,
                 void (*visit)(const struct part *, struct place, int))
{
    visit_around(part, part->shape.halo, step, visit);
}

void visit_block(const struct part *part, int step,
                 void (*visit)(const struct part *, struct place, int))
{
    visit_around(part, 0, step, visit);
}

void fill_cell(const struct part *part, struct place place, int step)
{
    unsigned char *cell = cell_of(part, place);
    for (size_t i = 0; i < part->shape.cell_size; i++)
        cell[i] = in_block(part, place) ? cell_byte(place, i, step) : UNTOUCHED;
}

void clear_cell(const struct part *part, struct place place, int step)
{
    (void)step;
    memset(cell_of(part, place), UNTOUCHED, part->shape.cell_size);
}

/* There are many cells, and Check records every assertion: so only failures reach one. */
static void check_cell(const struct part *part, struct place place, bool filled, int step)
{
    const unsigned char *cell = cell_of(part, place);
    for (size_t i = 0; i < part->shape.cell_size; i++) {
        int expected = filled ? cell_byte(place, i, step) : UNTOUCHED;
        if (cell[i] != expected)
            ck_abort_msg("cell (%d, %d, %d) of %d x %d x %d, byte %zu, step %d: %d, not %d",
                         (int)place.layer, (int)place.row, (int)place.column,
                         (int)part->shape.layers, (int)part->shape.rows, (int)part->shape.columns,
                         i, step, cell[i], expected);
    }
}

void check_block_only(const struct part *part, struct place place, int step)
{
    check_cell(part, place, in_block(part, place), step);
}

/* A rank without cells has no neighbours. */
void check_with_halo(const struct part *part, struct place place, int step)
{
    bool has_cells = length(rp_grid_rows(part->grid)) > 0;
    check_cell(part, place, has_cells && in_field(part, place), step);
}

unsigned char *whole_field(rp_grid_shape shape, int step)
{
    unsigned char *all = malloc((size_t)cells_of(shape) * shape.cell_size);
    unsigned char *byte = all;
    for (int64_t l = 0; l < layers_of(shape); l++)
        for (int64_t r = 0; r < shape.rows; r++)
            for (int64_t c = 0; c < shape.columns; c++)
                for (size_t i = 0; i < shape.cell_size; i++)
                    *byte++ = cell_byte((struct place){l, r, c}, i, step);
    return all;
}

void check_round_trip(rp_pool *pool, rp_grid_shape shape, int from, int to)
{
    struct part part = {.grid = open_grid(pool, shape), .shape = shape};
    part.field = alloc_field(pool, part.grid);
    visit_cells(&part, 0, clear_cell);
    size_t bytes = (size_t)cells_of(shape) * shape.cell_size;
    unsigned char *all = whole_field(shape, from), *back = calloc(bytes, 1);
    rp_status status =
        rp_grid_scatter(part.grid, from, world_rank() == from ? all : NULL, part.field);
    ck_assert_msg(status == RP_OK, "rp_grid_scatter: %s", rp_last_error(pool)->text);
    visit_cells(&part, from, check_block_only);
    ck_assert_int_eq(rp_grid_gather(part.grid, to, part.field, world_rank() == to ? back : NULL),
                     RP_OK);
    if (world_rank() == to)
        ck_assert(memcmp(all, back, bytes) == 0);
    free(all);
    free(back);
    ck_assert_int_eq(rp_grid_close(&part.grid), RP_OK);
}
