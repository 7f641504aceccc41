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

/* ---- blocks ---------------------------------------------------------------------------------- */

START_TEST(tilings_are_near_squares_that_fit)
{
    static const struct {
        int64_t rows, columns, halo, ranks;
        struct tiling expected;
    } cases[] = {
        {2000, 2000, 1, 1, {1, 1}},  {2000, 2000, 1, 2, {2, 1}},   {2000, 2000, 1, 4, {2, 2}},
        {2000, 2000, 1, 7, {7, 1}},  {2000, 2000, 1, 16, {4, 4}},  {2001, 2004, 1, 4, {2, 2}},
        {10, 1000000, 1, 4, {1, 4}}, {1000000, 10, 1, 4, {4, 1}},  {1, 1, 1, 16, {1, 1}},
        {2, 3, 1, 16, {2, 3}},       {2000, 2000, 1, 13, {13, 1}}, {8, 8, 3, 16, {2, 2}},
        {4, 4, 5, 16, {1, 1}},       {1000, 1000, 1, 6, {3, 2}},   {1, 7, 1, 4, {1, 4}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tiling tiling =
            rpi_tiling_choose(cases[i].rows, cases[i].columns, cases[i].halo, cases[i].ranks);
        ck_assert_msg(tiling.rows == cases[i].expected.rows &&
                          tiling.columns == cases[i].expected.columns,
                      "case %zu: %d x %d", i, (int)tiling.rows, (int)tiling.columns);
    }
}
END_TEST

/* The number of blocks that hold each cell of the whole field, over all ranks. */
static void check_interval_set(const rp_grid *grid, rp_grid_shape shape)
{
    size_t cells = (size_t)(shape.rows * shape.columns);
    int *holders = calloc(cells, sizeof *holders);
    rp_range rows = rp_grid_rows(grid), columns = rp_grid_columns(grid), in_rows, in_columns;
    for (int64_t r = rows.begin; r < rows.end; r++)
        for (int64_t c = columns.begin; c < columns.end; c++)
            holders[r * shape.columns + c]++;
    MPI_Allreduce(MPI_IN_PLACE, holders, (int)cells, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (size_t i = 0; i < cells; i++)
        if (holders[i] != 1)
            ck_abort_msg("%d blocks hold cell %zu", holders[i], i);
    free(holders);
    rp_grid_inner(grid, &in_rows, &in_columns);
    ck_assert(in_rows.begin >= rows.begin && in_rows.begin <= in_rows.end &&
              in_rows.end <= rows.end);
    ck_assert(in_columns.begin >= columns.begin && in_columns.begin <= in_columns.end &&
              in_columns.end <= columns.end);
}

START_TEST(blocks_cover_the_field_once)
{
    rp_pool *pool = open_pool();
    uint64_t state = 1;
    for (int round = 0; round < 40; round++) {
        rp_grid_shape shape = {.rows = random_up_to(&state, 40),
                               .columns = random_up_to(&state, 40),
                               .cell_size = (size_t)random_up_to(&state, 20),
                               .halo = (int)random_up_to(&state, 4)};
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

static rp_grid_shape random_shape(uint64_t *state, int64_t most)
{
    return (rp_grid_shape){.rows = random_up_to(state, most),
                           .columns = random_up_to(state, most),
                           .cell_size = (size_t)random_up_to(state, 12),
                           .halo = (int)random_up_to(state, 3)};
}

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
        close_pool(pool);
    }
}
END_TEST

/* The block may be overwritten as soon as the exchange has begun. */
START_TEST(edges_are_copied)
{
    rp_pool *pool = open_pool();
    rp_grid_shape shape = {.rows = 24, .columns = 20, .cell_size = 8, .halo = 2};
    struct part part = {.grid = open_grid(pool, shape), .shape = shape};
    part.field = alloc_field(pool, part.grid);
    for (int step = 0; step < 50; step++) {
        visit_cells(&part, step, fill_cell);
        ck_assert_int_eq(rp_grid_exchange_begin(part.grid, part.field), RP_OK);
        visit_cells(&part, step, clear_cell);
        ck_assert_int_eq(rp_grid_exchange_end(part.grid), RP_OK);
        rp_range rows = rp_grid_rows(part.grid), columns = rp_grid_columns(part.grid);
        for (int64_t r = rows.begin; r < rows.end; r++)
            for (int64_t c = columns.begin; c < columns.end; c++)
                fill_cell(&part, r, c, step);
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
                               {.rows = 12, .columns = 30, .cell_size = 8, .halo = 2}};
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

/* Computes a new cell from all cells up to `halo` away, each with its own weight; cells beyond the
 * field are zero. */
static uint32_t weighted(const uint32_t *cell, int64_t stride, int halo)
{
    uint32_t sum = 0, weight = 1;
    for (int64_t r = -halo; r <= halo; r++)
        for (int64_t c = -halo; c <= halo; c++)
            sum += cell[r * stride + c] * (weight += 2);
    return sum ^ (sum >> 5);
}

static void compute(uint32_t *to, const uint32_t *from, int64_t stride, int halo, rp_range rows,
                    rp_range columns)
{
    for (int64_t r = rows.begin; r < rows.end; r++)
        for (int64_t c = columns.begin; c < columns.end; c++)
            to[r * stride + c] = weighted(from + r * stride + c, stride, halo);
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
    int64_t halo = shape.halo, stride = shape.columns + 2 * halo;
    size_t cells = (size_t)((shape.rows + 2 * halo) * stride);
    uint32_t *memory[2] = {calloc(cells, sizeof *start), calloc(cells, sizeof *start)};
    int64_t lead = halo * stride + halo;
    uint32_t *from = memory[0] + lead, *to = memory[1] + lead;
    for (int64_t r = 0; r < shape.rows; r++)
        memcpy(from + r * stride, start + r * shape.columns, (size_t)shape.columns * sizeof *start);
    for (int step = 0; step < steps; step++) {
        compute(to, from, stride, shape.halo, (rp_range){0, shape.rows},
                (rp_range){0, shape.columns});
        swap(&from, &to);
    }
    uint32_t *result = malloc((size_t)(shape.rows * shape.columns) * sizeof *result);
    for (int64_t r = 0; r < shape.rows; r++)
        memcpy(result + r * shape.columns, from + r * stride,
               (size_t)shape.columns * sizeof *start);
    free(memory[0]);
    free(memory[1]);
    return result;
}

/* Computes the inner cells during the exchange, then the four strips around them. */
static void parallel_step(rp_grid *grid, int halo, uint32_t *to, uint32_t *from)
{
    rp_range rows = rp_grid_rows(grid), columns = rp_grid_columns(grid), inner, inner_columns;
    int64_t stride = rp_grid_stride(grid), m = length(rows), n = length(columns);
    rp_grid_inner(grid, &inner, &inner_columns);
    rp_range middle = {inner.begin - rows.begin, inner.end - rows.begin};
    rp_range centre = {inner_columns.begin - columns.begin, inner_columns.end - columns.begin};
    ck_assert_int_eq(rp_grid_exchange_begin(grid, from), RP_OK);
    compute(to, from, stride, halo, middle, centre);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_OK);
    compute(to, from, stride, halo, (rp_range){0, middle.begin}, (rp_range){0, n});
    compute(to, from, stride, halo, (rp_range){middle.end, m}, (rp_range){0, n});
    compute(to, from, stride, halo, middle, (rp_range){0, centre.begin});
    compute(to, from, stride, halo, middle, (rp_range){centre.end, n});
}

static void compare_with_model(rp_pool *pool, rp_grid_shape shape, int steps, int root)
{
    rp_grid *grid = open_grid(pool, shape);
    uint32_t *from = alloc_field(pool, grid), *to = alloc_field(pool, grid);
    uint32_t *all = (uint32_t *)(void *)whole_field(shape, steps);
    ck_assert_int_eq(rp_grid_scatter(grid, root, all, from), RP_OK);
    uint32_t *expected = serial_model(shape, all, steps);
    for (int step = 0; step < steps; step++) {
        parallel_step(grid, shape.halo, to, from);
        swap(&from, &to);
    }
    ck_assert_int_eq(rp_grid_gather(grid, root, from, all), RP_OK);
    if (world_rank() == root)
        for (int64_t i = 0; i < shape.rows * shape.columns; i++)
            if (all[i] != expected[i])
                ck_abort_msg("cell %d of %d x %d, halo %d", (int)i, (int)shape.rows,
                             (int)shape.columns, shape.halo);
    free(expected);
    free(all);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
}

START_TEST(stencils_give_what_one_rank_computes)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        uint64_t state = 5;
        for (int round = 0; round < 30; round++) {
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
