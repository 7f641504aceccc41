/* Grids: blocks, whole fields dealt out and collected, borders exchanged; against a
 * serial model. */
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

static rp_pool *open_nodes_of(int node_size)
{
    rp_pool *pool;
    rp_config config = {.node_size = node_size};
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, &config, &pool), RP_OK);
    return pool;
}

static rp_grid *open_grid(rp_pool *pool, rp_grid_shape shape)
{
    rp_grid *grid;
    rp_status status = rp_grid_open(pool, &shape, &grid);
    ck_assert_msg(status == RP_OK, "rp_grid_open: %s", rp_last_error(pool)->text);
    return grid;
}

static void *alloc_field(rp_pool *pool, rp_grid *grid)
{
    void *field;
    rp_status status = rp_grid_alloc(grid, &field);
    ck_assert_msg(status == RP_OK, "rp_grid_alloc: %s", rp_last_error(pool)->text);
    return field;
}

static int64_t length(rp_range range)
{
    return range.end - range.begin;
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

/* How many blocks hold each cell of the whole field, over all ranks. */
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

/* ---- cells ----------------------------------------------------------------------------------- */

enum {
    UNTOUCHED = 0xee
};

/* Byte `index` of cell (row, column) of the whole field, in the given step. */
static unsigned char cell_byte(int64_t row, int64_t column, size_t index, int step)
{
    uint64_t mixed =
        (uint64_t)row * 1000003 + (uint64_t)column * 7919 + index * 31 + (uint64_t)step * 104729;
    mixed ^= mixed >> 7;
    return (unsigned char)(mixed % UNTOUCHED);
}

/* One rank's part of a field, with what it takes to look at its cells. */
struct part {
    rp_grid *grid;
    rp_grid_shape shape;
    unsigned char *field;
};

static unsigned char *cell_of(const struct part *part, int64_t row, int64_t column)
{
    int64_t r = row - rp_grid_rows(part->grid).begin;
    int64_t c = column - rp_grid_columns(part->grid).begin;
    return part->field + (r * rp_grid_stride(part->grid) + c) * (int64_t)part->shape.cell_size;
}

static bool in_range(int64_t index, rp_range range)
{
    return index >= range.begin && index < range.end;
}

static bool in_block(const struct part *part, int64_t row, int64_t column)
{
    return in_range(row, rp_grid_rows(part->grid)) && in_range(column, rp_grid_columns(part->grid));
}

static bool in_field(const struct part *part, int64_t row, int64_t column)
{
    return in_range(row, (rp_range){0, part->shape.rows}) &&
           in_range(column, (rp_range){0, part->shape.columns});
}

/* Calls `visit` for every cell of the block and its halo. */
static void visit_cells(const struct part *part, int step,
                        void (*visit)(const struct part *, int64_t, int64_t, int))
{
    rp_range rows = rp_grid_rows(part->grid), columns = rp_grid_columns(part->grid);
    int64_t halo = part->shape.halo;
    for (int64_t r = rows.begin - halo; r < rows.end + halo; r++)
        for (int64_t c = columns.begin - halo; c < columns.end + halo; c++)
            visit(part, r, c, step);
}

static void fill_cell(const struct part *part, int64_t row, int64_t column, int step)
{
    unsigned char *cell = cell_of(part, row, column);
    for (size_t i = 0; i < part->shape.cell_size; i++)
        cell[i] = in_block(part, row, column) ? cell_byte(row, column, i, step) : UNTOUCHED;
}

static void clear_cell(const struct part *part, int64_t row, int64_t column, int step)
{
    (void)step;
    memset(cell_of(part, row, column), UNTOUCHED, part->shape.cell_size);
}

/* Cells are many, and Check notes each assertion it is asked to make: so only what fails is one. */
static void check_cell(const struct part *part, int64_t row, int64_t column, bool filled, int step)
{
    const unsigned char *cell = cell_of(part, row, column);
    for (size_t i = 0; i < part->shape.cell_size; i++) {
        int expected = filled ? cell_byte(row, column, i, step) : UNTOUCHED;
        if (cell[i] != expected)
            ck_abort_msg("cell (%d, %d) of %d x %d, byte %zu, step %d: %d, not %d", (int)row,
                         (int)column, (int)part->shape.rows, (int)part->shape.columns, i, step,
                         cell[i], expected);
    }
}

static void check_block_only(const struct part *part, int64_t row, int64_t column, int step)
{
    check_cell(part, row, column, in_block(part, row, column), step);
}

/* A rank without cells has no neighbours either. */
static void check_with_halo(const struct part *part, int64_t row, int64_t column, int step)
{
    bool has_cells = length(rp_grid_rows(part->grid)) > 0;
    check_cell(part, row, column, has_cells && in_field(part, row, column), step);
}

static rp_grid_shape random_shape(uint64_t *state, int64_t most)
{
    return (rp_grid_shape){.rows = random_up_to(state, most),
                           .columns = random_up_to(state, most),
                           .cell_size = (size_t)random_up_to(state, 12),
                           .halo = (int)random_up_to(state, 3)};
}

/* ---- whole fields ---------------------------------------------------------------------------- */

static unsigned char *whole_field(rp_grid_shape shape, int step)
{
    unsigned char *all = malloc((size_t)(shape.rows * shape.columns) * shape.cell_size);
    unsigned char *byte = all;
    for (int64_t r = 0; r < shape.rows; r++)
        for (int64_t c = 0; c < shape.columns; c++)
            for (size_t i = 0; i < shape.cell_size; i++)
                *byte++ = cell_byte(r, c, i, step);
    return all;
}

/* Deals out from one rank and collects on another. */
static void there_and_back(rp_pool *pool, rp_grid_shape shape, int from, int to)
{
    struct part part = {.grid = open_grid(pool, shape), .shape = shape};
    part.field = alloc_field(pool, part.grid);
    visit_cells(&part, 0, clear_cell);
    size_t bytes = (size_t)(shape.rows * shape.columns) * shape.cell_size;
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

START_TEST(whole_fields_are_dealt_out_and_collected)
{
    rp_pool *pool = open_pool();
    uint64_t state = 7;
    for (int round = 0; round < 60; round++)
        there_and_back(pool, random_shape(&state, 50), (int)random_up_to(&state, world_ranks()) - 1,
                       (int)random_up_to(&state, world_ranks()) - 1);
    close_pool(pool);
}
END_TEST

/* Blocks of several pieces, with pieces that end within a row and within a cell. */
START_TEST(whole_fields_in_pieces)
{
    rp_pool *pool = open_pool();
    there_and_back(pool, (rp_grid_shape){.rows = 700, .columns = 1100, .cell_size = 11, .halo = 1},
                   0, world_ranks() - 1);
    there_and_back(pool, (rp_grid_shape){.rows = 3, .columns = 5, .cell_size = 700001, .halo = 1},
                   world_ranks() - 1, 0);
    close_pool(pool);
}
END_TEST

/* ---- borders --------------------------------------------------------------------------------- */

/* Ranks that hurry and ranks that are late, the same ones in every run. */
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

/* As the machine is, and as if it were several nodes. */
static const int node_sizes[] = {0, 1, 3};
enum {
    NODE_SIZES = sizeof node_sizes / sizeof node_sizes[0]
};

START_TEST(borders_are_exchanged)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes_of(node_sizes[i]);
        uint64_t state = 11;
        for (int round = 0; round < 30; round++)
            exchange_steps(pool, random_shape(&state, 30), 5);
        close_pool(pool);
    }
}
END_TEST

/* Edges larger than what goes in one message. */
START_TEST(long_borders)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes_of(node_sizes[i]);
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
    rp_pool *pool = open_nodes_of(2);
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
    close_pool(pool); /* closes the other */
}
END_TEST

/* ---- a serial model -------------------------------------------------------------------------- */

/* A new cell from all cells up to `halo` away, each with a weight of its own; zero beyond the
 * field. */
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

/* The inner cells during the exchange, then the four strips around them. */
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
        rp_pool *pool = open_nodes_of(node_sizes[i]);
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

/* ---- errors ---------------------------------------------------------------------------------- */

static const rp_grid_shape small = {.rows = 64, .columns = 64, .cell_size = 8};

static void refused(rp_pool *pool, rp_grid_shape shape, rp_status status)
{
    rp_grid *grid = (rp_grid *)&grid;
    ck_assert_int_eq(rp_grid_open(pool, &shape, &grid), status);
    check_same_error(rp_last_error(pool), status);
    ck_assert_ptr_null(grid);
}

START_TEST(bad_shapes_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    rp_grid *grid;
    bool last = world_rank() == world_ranks() - 1;
    rp_grid_shape shape = small;
    refused(pool, (rp_grid_shape){.rows = last ? 0 : 5, .columns = 5, .cell_size = 8},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = -1, .cell_size = 8}, RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5}, RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5, .cell_size = 8, .halo = -1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = INT64_MAX, .columns = 2, .cell_size = 1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = INT64_MAX, .columns = 1, .cell_size = SIZE_MAX},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5, .cell_size = 8, .reserved = {[7] = 1}},
            RP_ERR_VERSION);
    ck_assert_int_eq(rp_grid_open(pool, last ? NULL : &shape, &grid), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_open(pool, &shape, last ? NULL : &grid), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_open(NULL, &shape, &grid), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        shape.columns += last;
        refused(pool, shape, RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "columns = 65") != NULL);
    }
    close_pool(pool);
}
END_TEST

/* A column so long that no address space holds a part of it, though its blocks' edges are single
 * cells; and a cell so large that with a halo around it nobody could number its bytes. */
START_TEST(fields_that_are_too_large)
{
    rp_pool *pool = open_pool();
    rp_grid_shape column = {.rows = (int64_t)1 << 45, .columns = 1, .cell_size = 8};
    rp_grid *grid = open_grid(pool, column);
    void *field = pool;
    ck_assert_int_eq(rp_grid_alloc(grid, &field), RP_ERR_MEMORY);
    check_same_error(rp_last_error(pool), RP_ERR_MEMORY);
    ck_assert_ptr_null(field);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    refused(pool, (rp_grid_shape){.rows = 1, .columns = 1, .cell_size = (size_t)1 << 61},
            RP_ERR_MEMORY);
    there_and_back(pool, small, 0, 0);
    close_pool(pool);
}
END_TEST

START_TEST(bad_moves_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    rp_grid *grid = open_grid(pool, small);
    bool last = world_rank() == world_ranks() - 1;
    double all[64 * 64] = {0}, *field = alloc_field(pool, grid), *other = alloc_field(pool, grid);
    ck_assert_int_eq(rp_grid_scatter(grid, -1, all, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, world_ranks(), all, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, NULL, field), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, all, last ? NULL : field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, last ? field + 1 : field, all), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, other + 1), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_grid_gather(grid, last, field, all), RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_grid_gather(grid, 0, last ? other : field, all), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_grid_alloc(grid, last ? NULL : (void **)&other), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, all, field), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(misuse_of_an_exchange)
{
    rp_pool *pool = open_pool();
    rp_grid *grid = open_grid(pool, small);
    double all[64 * 64] = {0}, *field = alloc_field(pool, grid);
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_ERR_STATE);
    ck_assert_int_eq(rp_last_error(pool)->rank, world_rank());
    ck_assert_int_eq(rp_grid_exchange_begin(grid, all), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_loop_open(pool, 1, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_STATE);
    ck_assert_ptr_nonnull(grid);
    while (rp_loop_next(loop, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, all), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_ptr_null(grid);
    there_and_back(pool, small, 0, 0);
    close_pool(pool);
}
END_TEST

/* Exchanges until that fails, if `most` does not come first. */
static int exchange_while_good(rp_grid *grid, void *field, int most)
{
    int step = 0;
    while (step < most && rp_grid_exchange_begin(grid, field) == RP_OK &&
           rp_grid_exchange_end(grid) == RP_OK)
        step++;
    return step;
}

/* A rank gives up after some steps. The others learn of it, from neighbour to neighbour (a rank
 * without cells when it closes the grid), and the pool lives on. */
START_TEST(a_rank_that_gives_up_leaves_nobody_waiting)
{
    const int quits_after = 7, never = 1000000;
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes_of(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        bool quits = world_rank() == 0;
        int steps = exchange_while_good(grid, field, quits ? quits_after : never);
        bool alone = length(rp_grid_rows(grid)) == 0;
        if (quits || alone)
            ck_assert_int_eq(steps, quits ? quits_after : never);
        else
            ck_assert(steps < never && rp_last_error(pool)->status == RP_ERR_STATE);
        if (!quits && !alone)
            ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
        rp_status expected = world_ranks() > 1 ? RP_ERR_MISMATCH : RP_OK;
        ck_assert_int_eq(rp_grid_close(&grid), expected);
        if (world_ranks() > 1)
            check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        there_and_back(pool, small, 0, 0);
        close_pool(pool);
    }
}
END_TEST

/* The same with ranks that close the pool at once, grid and all. */
START_TEST(a_rank_that_closes_the_pool_leaves_nobody_waiting)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes_of(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        bool quits = world_rank() == 0;
        exchange_while_good(grid, field, quits ? 3 : 1000000);
        if (quits)
            ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
        ck_assert_int_eq(rp_close(&pool), RP_OK);
    }
}
END_TEST

/* It is noticed that a neighbour waits in another call. What follows are calls that differ. */
START_TEST(a_rank_in_another_call_leaves_nobody_waiting)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes_of(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        if (world_rank() == 0) {
            exchange_while_good(grid, field, 5);
            rp_status expected = world_ranks() > 1 ? RP_ERR_MISMATCH : RP_OK;
            ck_assert_int_eq(rp_barrier(pool), expected);
            rp_grid_close(&grid);
        } else {
            exchange_while_good(grid, field, 1000000);
            ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_MISMATCH);
        }
        ck_assert_ptr_null(grid);
        rp_close(&pool);
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
    {"bad shapes are refused by all", &bad_shapes_are_refused_by_all},
    {"fields that are too large", &fields_that_are_too_large},
    {"bad moves are refused by all", &bad_moves_are_refused_by_all},
    {"misuse of an exchange", &misuse_of_an_exchange},
    {"a rank that gives up leaves nobody waiting", &a_rank_that_gives_up_leaves_nobody_waiting},
    {"a rank that closes the pool leaves nobody waiting",
     &a_rank_that_closes_the_pool_leaves_nobody_waiting},
    {"a rank in another call leaves nobody waiting", &a_rank_in_another_call_leaves_nobody_waiting},
    {NULL, NULL},
};
const struct test_group grid_tests = {"grid", cases};
