/* Grids: blocks, scatter and gather of whole fields, halo exchange; compared with a serial
 * model. */
#include "grid_fields.h"
#include "suites.h"

#include "grid/decomposition.h"

#include <stdlib.h>
#include <string.h>

/* The same numbers on every rank. */
static int64_t random_up_to(uint64_t *state, int64_t most)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((*state >> 33) % (uint64_t)most) + 1;
}

/* Every other one has three dimensions, and fewer cells each way. */
static rp_grid_shape random_shape(uint64_t *state, int64_t most)
{
    bool layers = random_up_to(state, 2) == 2;
    int64_t longest = layers ? most / 3 : most;
    return (rp_grid_shape){.layers = layers ? random_up_to(state, longest) : 0,
                           .rows = random_up_to(state, longest),
                           .columns = random_up_to(state, longest),
                           .cell_size = (size_t)random_up_to(state, 12),
                           .halo = (int)random_up_to(state, 3)};
}

/* ---- blocks ---------------------------------------------------------------------------------- */

START_TEST(tilings_are_near_squares_that_fit)
{
    static const struct {
        int64_t cells[DIMENSIONS], halo, ranks;
        struct tiling expected;
    } cases[] = {
        {{1, 2000, 2000}, 1, 1, {{1, 1, 1}}},   {{1, 2000, 2000}, 1, 2, {{1, 2, 1}}},
        {{1, 2000, 2000}, 1, 4, {{1, 2, 2}}},   {{1, 2000, 2000}, 1, 7, {{1, 7, 1}}},
        {{1, 2000, 2000}, 1, 16, {{1, 4, 4}}},  {{1, 2001, 2004}, 1, 4, {{1, 2, 2}}},
        {{1, 10, 1000000}, 1, 4, {{1, 1, 4}}},  {{1, 1000000, 10}, 1, 4, {{1, 4, 1}}},
        {{1, 1, 1}, 1, 16, {{1, 1, 1}}},        {{1, 2, 3}, 1, 16, {{1, 2, 3}}},
        {{1, 2000, 2000}, 1, 13, {{1, 13, 1}}}, {{1, 8, 8}, 3, 16, {{1, 2, 2}}},
        {{1, 4, 4}, 5, 16, {{1, 1, 1}}},        {{1, 1000, 1000}, 1, 6, {{1, 3, 2}}},
        {{1, 1, 7}, 1, 4, {{1, 1, 4}}},         {{100, 100, 100}, 1, 2, {{2, 1, 1}}},
        {{100, 100, 100}, 1, 8, {{2, 2, 2}}},   {{100, 100, 100}, 1, 64, {{4, 4, 4}}},
        {{100, 100, 100}, 1, 12, {{3, 2, 2}}},  {{2, 100, 100}, 1, 4, {{1, 2, 2}}},
        {{1000, 10, 10}, 1, 16, {{16, 1, 1}}},  {{3, 3, 3}, 2, 16, {{1, 1, 1}}},
        {{10, 10, 1000}, 1, 5, {{1, 1, 5}}},    {{2, 2, 2}, 1, 16, {{2, 2, 2}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tiling tiling = rpi_tiling_choose(cases[i].cells, cases[i].halo, cases[i].ranks);
        ck_assert_msg(memcmp(&tiling, &cases[i].expected, sizeof tiling) == 0,
                      "case %zu: %d x %d x %d", i, (int)tiling.blocks[LAYERS],
                      (int)tiling.blocks[ROWS], (int)tiling.blocks[COLUMNS]);
    }
}
END_TEST

static bool is_within(rp_range inner, rp_range outer)
{
    return inner.begin >= outer.begin && inner.begin <= inner.end && inner.end <= outer.end;
}

/* The number of blocks that hold each cell of the whole field, over all ranks. */
static void check_interval_set(const rp_grid *grid, rp_grid_shape shape)
{
    size_t cells = (size_t)cells_of(shape);
    int *holders = calloc(cells, sizeof *holders);
    rp_range layers = rp_grid_layers(grid), rows = rp_grid_rows(grid);
    rp_range columns = rp_grid_columns(grid), in_rows, in_columns;
    for (int64_t l = layers.begin; l < layers.end; l++)
        for (int64_t r = rows.begin; r < rows.end; r++)
            for (int64_t c = columns.begin; c < columns.end; c++)
                holders[(l * shape.rows + r) * shape.columns + c]++;
    MPI_Allreduce(MPI_IN_PLACE, holders, (int)cells, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (size_t i = 0; i < cells; i++)
        if (holders[i] != 1)
            ck_abort_msg("%d blocks hold cell %zu", holders[i], i);
    free(holders);
    rp_grid_inner(grid, &in_rows, &in_columns);
    ck_assert(is_within(in_rows, rows) && is_within(in_columns, columns));
    ck_assert(is_within(rp_grid_inner_layers(grid), layers));
}

START_TEST(blocks_cover_the_field_once)
{
    rp_pool *pool = open_pool();
    uint64_t state = 1;
    for (int round = 0; round < 40; round++) {
        rp_grid_shape shape = random_shape(&state, 40);
        rp_grid *grid = open_grid(pool, shape);
        check_interval_set(grid, shape);
        int64_t row = rp_grid_stride(grid) * (int64_t)shape.cell_size;
        ck_assert_int_eq(row % 64, 0);
        ck_assert_int_ge(rp_grid_stride(grid), length(rp_grid_columns(grid)) + 2 * shape.halo);
        ck_assert_uint_eq((uintptr_t)alloc_field(pool, grid) % 64, 0);
        ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
        ck_assert_ptr_null(grid);
    }
    close_pool(pool);
}
END_TEST

/* ---- whole fields ---------------------------------------------------------------------------- */

START_TEST(whole_fields_are_dealt_out_and_collected)
{
    rp_pool *pool = open_pool();
    uint64_t state = 7;
    for (int round = 0; round < 60; round++)
        check_round_trip(pool, random_shape(&state, 50),
                         (int)random_up_to(&state, world_ranks()) - 1,
                         (int)random_up_to(&state, world_ranks()) - 1);
    close_pool(pool);
}
END_TEST

/* Blocks of several pieces, with pieces that end within a row and within a cell. */
START_TEST(whole_fields_in_pieces)
{
    rp_pool *pool = open_pool();
    check_round_trip(pool,
                     (rp_grid_shape){.rows = 700, .columns = 1100, .cell_size = 11, .halo = 1}, 0,
                     world_ranks() - 1);
    check_round_trip(pool, (rp_grid_shape){.rows = 3, .columns = 5, .cell_size = 700001, .halo = 1},
                     world_ranks() - 1, 0);
    check_round_trip(
        pool, (rp_grid_shape){.layers = 70, .rows = 90, .columns = 50, .cell_size = 13, .halo = 2},
        world_ranks() - 1, 0);
    close_pool(pool);
}
END_TEST

/* ---- halo exchange --------------------------------------------------------------------------- */

/* Some ranks are delayed, the same ones in every run. */
static void dawdle(int step)
{
    if ((world_rank() + step) % 3 == 0)
        for (volatile int i = 0; i < 20000; i++)
            continue;
}

static void exchange_steps(rp_pool *pool, rp_grid_shape shape, int steps)
{
    struct part part = {.grid = open_grid(pool, shape), .shape = shape};
    unsigned char *fields[2] = {alloc_field(pool, part.grid), alloc_field(pool, part.grid)};
    for (int step = 0; step < steps; step++) {
        part.field = fields[step % 2];
        visit_cells(&part, step, fill_cell);
        rp_status status = rp_grid_exchange_begin(part.grid, part.field);
        ck_assert_msg(status == RP_OK, "begin: %s", rp_last_error(pool)->text);
        dawdle(step);
        status = rp_grid_exchange_end(part.grid);
        ck_assert_msg(status == RP_OK, "end: %s", rp_last_error(pool)->text);
        visit_cells(&part, step, check_with_halo);
    }
    ck_assert_int_eq(rp_grid_close(&part.grid), RP_OK);
}

START_TEST(borders_are_exchanged)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        uint64_t state = 11;
        for (int round = 0; round < 30; round++)
            exchange_steps(pool, random_shape(&state, 30), 5);
        close_pool(pool);
    }
}
END_TEST

/* Edges larger than one message. */
START_TEST(long_borders)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        exchange_steps(pool,
                       (rp_grid_shape){.rows = 4, .columns = 4, .cell_size = 100003, .halo = 1}, 3);
        exchange_steps(
            pool,
            (rp_grid_shape){.layers = 3, .rows = 3, .columns = 3, .cell_size = 50021, .halo = 1},
            3);
        close_pool(pool);
    }
}
END_TEST

/* The block may be overwritten as soon as the exchange has begun. */
START_TEST(edges_are_copied)
{
    rp_pool *pool = open_pool();
    rp_grid_shape shape = {.layers = 9, .rows = 14, .columns = 10, .cell_size = 8, .halo = 2};
    struct part part = {.grid = open_grid(pool, shape), .shape = shape};
    part.field = alloc_field(pool, part.grid);
    for (int step = 0; step < 50; step++) {
        visit_cells(&part, step, fill_cell);
        ck_assert_int_eq(rp_grid_exchange_begin(part.grid, part.field), RP_OK);
        visit_cells(&part, step, clear_cell);
        ck_assert_int_eq(rp_grid_exchange_end(part.grid), RP_OK);
        visit_block(&part, step, fill_cell);
        visit_cells(&part, step, check_with_halo);
    }
    ck_assert_int_eq(rp_grid_close(&part.grid), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(grids_side_by_side)
{
    rp_pool *pool = open_nodes(2);
    rp_grid_shape shapes[2] = {{.rows = 17, .columns = 9, .cell_size = 4, .halo = 1},
                               {.layers = 5, .rows = 7, .columns = 11, .cell_size = 8, .halo = 2}};
    struct part parts[2];
    for (int i = 0; i < 2; i++) {
        parts[i] = (struct part){.grid = open_grid(pool, shapes[i]), .shape = shapes[i]};
        parts[i].field = alloc_field(pool, parts[i].grid);
    }
    for (int step = 0; step < 10; step++) {
        for (int i = 0; i < 2; i++) {
            visit_cells(&parts[i], step + i, fill_cell);
            ck_assert_int_eq(rp_grid_exchange_begin(parts[i].grid, parts[i].field), RP_OK);
        }
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
        for (int i = 1; i >= 0; i--) {
            ck_assert_int_eq(rp_grid_exchange_end(parts[i].grid), RP_OK);
            visit_cells(&parts[i], step + i, check_with_halo);
        }
    }
    ck_assert_int_eq(rp_grid_close(&parts[0].grid), RP_OK);
    close_pool(pool); /* closes the other grid */
}
END_TEST

/* ---- a serial model -------------------------------------------------------------------------- */

/* The distances between layers and rows of a field in memory. */
struct strides {
    int64_t layer, row;
};

/* Layers, rows and columns, counted from the first of a block. */
struct region {
    rp_range layers, rows, columns;
};

/* Computes a new cell from all cells up to the halo's width away, each with its own weight; cells
 * beyond the field are zero. */
static uint32_t weighted(const uint32_t *cell, struct strides strides, rp_grid_shape shape)
{
    uint32_t sum = 0, weight = 1;
    int64_t halo = shape.halo, above = shape.layers > 0 ? halo : 0;
    for (int64_t l = -above; l <= above; l++)
        for (int64_t r = -halo; r <= halo; r++)
            for (int64_t c = -halo; c <= halo; c++)
                sum += cell[l * strides.layer + r * strides.row + c] * (weight += 2);
    return sum ^ (sum >> 5);
}

static void compute(uint32_t *to, const uint32_t *from, struct strides strides, rp_grid_shape shape,
                    struct region region)
{
    for (int64_t l = region.layers.begin; l < region.layers.end; l++)
        for (int64_t r = region.rows.begin; r < region.rows.end; r++)
            for (int64_t c = region.columns.begin; c < region.columns.end; c++) {
                int64_t cell = l * strides.layer + r * strides.row + c;
                to[cell] = weighted(from + cell, strides, shape);
            }
}

static void swap(uint32_t **a, uint32_t **b)
{
    uint32_t *saved = *a;
    *a = *b;
    *b = saved;
}

/* The whole field after some steps, computed by one rank alone. */
static uint32_t *serial_model(rp_grid_shape shape, const uint32_t *start, int steps)
{
    int64_t halo = shape.halo, above = shape.layers > 0 ? halo : 0;
    int64_t layers = shape.layers > 0 ? shape.layers : 1;
    struct strides strides = {.row = shape.columns + 2 * halo};
    strides.layer = strides.row * (shape.rows + 2 * halo);
    size_t cells = (size_t)((layers + 2 * above) * strides.layer);
    uint32_t *memory[2] = {calloc(cells, sizeof *start), calloc(cells, sizeof *start)};
    int64_t lead = above * strides.layer + halo * strides.row + halo;
    uint32_t *from = memory[0] + lead, *to = memory[1] + lead;
    size_t row_bytes = (size_t)shape.columns * sizeof *start;
    for (int64_t r = 0; r < layers * shape.rows; r++)
        memcpy(from + r / shape.rows * strides.layer + r % shape.rows * strides.row,
               start + r * shape.columns, row_bytes);
    for (int step = 0; step < steps; step++) {
        compute(to, from, strides, shape,
                (struct region){{0, layers}, {0, shape.rows}, {0, shape.columns}});
        swap(&from, &to);
    }
    uint32_t *result = malloc((size_t)cells_of(shape) * sizeof *result);
    for (int64_t r = 0; r < layers * shape.rows; r++)
        memcpy(result + r * shape.columns,
               from + r / shape.rows * strides.layer + r % shape.rows * strides.row, row_bytes);
    free(memory[0]);
    free(memory[1]);
    return result;
}

static rp_range from_block(rp_range inner, rp_range block)
{
    return (rp_range){inner.begin - block.begin, inner.end - block.begin};
}

/* Computes the inner cells during the exchange, then the six slabs around them. */
static void parallel_step(rp_grid *grid, rp_grid_shape shape, uint32_t *to, uint32_t *from)
{
    struct strides strides = {rp_grid_layer_stride(grid), rp_grid_stride(grid)};
    struct region all = {{0, length(rp_grid_layers(grid))},
                         {0, length(rp_grid_rows(grid))},
                         {0, length(rp_grid_columns(grid))}};
    struct region in = {.layers = from_block(rp_grid_inner_layers(grid), rp_grid_layers(grid))};
    rp_grid_inner(grid, &in.rows, &in.columns);
    in.rows = from_block(in.rows, rp_grid_rows(grid));
    in.columns = from_block(in.columns, rp_grid_columns(grid));
    ck_assert_int_eq(rp_grid_exchange_begin(grid, from), RP_OK);
    compute(to, from, strides, shape, in);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_OK);
    const struct region slabs[] = {
        {{0, in.layers.begin}, all.rows, all.columns},
        {{in.layers.end, all.layers.end}, all.rows, all.columns},
        {in.layers, {0, in.rows.begin}, all.columns},
        {in.layers, {in.rows.end, all.rows.end}, all.columns},
        {in.layers, in.rows, {0, in.columns.begin}},
        {in.layers, in.rows, {in.columns.end, all.columns.end}},
    };
    for (size_t i = 0; i < sizeof slabs / sizeof slabs[0]; i++)
        compute(to, from, strides, shape, slabs[i]);
}

static void compare_with_model(rp_pool *pool, rp_grid_shape shape, int steps, int root)
{
    rp_grid *grid = open_grid(pool, shape);
    uint32_t *from = alloc_field(pool, grid), *to = alloc_field(pool, grid);
    uint32_t *all = (uint32_t *)(void *)whole_field(shape, steps);
    ck_assert_int_eq(rp_grid_scatter(grid, root, all, from), RP_OK);
    uint32_t *expected = serial_model(shape, all, steps);
    for (int step = 0; step < steps; step++) {
        parallel_step(grid, shape, to, from);
        swap(&from, &to);
    }
    ck_assert_int_eq(rp_grid_gather(grid, root, from, all), RP_OK);
    if (world_rank() == root)
        for (int64_t i = 0; i < cells_of(shape); i++)
            if (all[i] != expected[i])
                ck_abort_msg("cell %d of %d x %d x %d, halo %d", (int)i, (int)shape.layers,
                             (int)shape.rows, (int)shape.columns, shape.halo);
    free(expected);
    free(all);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
}

START_TEST(stencils_give_what_one_rank_computes)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        uint64_t state = 5;
        for (int round = 0; round < 40; round++) {
            rp_grid_shape shape = random_shape(&state, 40);
            shape.cell_size = sizeof(uint32_t);
            compare_with_model(pool, shape, (int)random_up_to(&state, 12),
                               (int)random_up_to(&state, world_ranks()) - 1);
        }
        close_pool(pool);
    }
}
END_TEST

static const struct test_case cases[] = {
    {"tilings are near-squares that fit", &tilings_are_near_squares_that_fit},
    {"blocks cover the field once", &blocks_cover_the_field_once},
    {"whole fields are dealt out and collected", &whole_fields_are_dealt_out_and_collected},
    {"whole fields in pieces", &whole_fields_in_pieces},
    {"borders are exchanged", &borders_are_exchanged},
    {"long borders", &long_borders},
    {"edges are copied", &edges_are_copied},
    {"grids side by side", &grids_side_by_side},
    {"stencils give what one rank computes", &stencils_give_what_one_rank_computes},
    {NULL, NULL},
};
const struct test_group grid_tests = {"grid", cases};
