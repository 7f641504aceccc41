/* The heat equation in a cube, on grids: the scheme's order, and the same bits as one rank
 * computes. */
#include "grid_fields.h"
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Memory of a block or of a whole field: its first cell, and the distances in it. */
struct cube {
    double *first;
    int64_t layer, row;
    int64_t layers, rows, columns; /* cells */
};

/* One step of FTCS, with a time step of 1/8 of the square of the mesh width. */
static void diffuse(const struct cube *to, const struct cube *from)
{
    for (int64_t l = 0; l < to->layers; l++)
        for (int64_t r = 0; r < to->rows; r++)
            for (int64_t c = 0; c < to->columns; c++) {
                int64_t i = l * to->layer + r * to->row + c;
                const double *u = from->first + i;
                double sum = (u[-to->layer] + u[to->layer]) + (u[-to->row] + u[to->row]);
                to->first[i] = *u + 0.125 * (sum + (u[-1] + u[1]) - 6 * *u);
            }
}

static double start_value(int64_t l, int64_t r, int64_t c, int n)
{
    double width = pi / (n + 1);
    return sin(width * (double)(l + 1)) * sin(width * (double)(r + 1)) *
           sin(width * (double)(c + 1));
}

/* The whole field, by layers and rows. */
static double *start_field(int n)
{
    double *all = malloc((size_t)n * (size_t)n * (size_t)n * sizeof *all), *cell = all;
    for (int64_t l = 0; l < n; l++)
        for (int64_t r = 0; r < n; r++)
            for (int64_t c = 0; c < n; c++)
                *cell++ = start_value(l, r, c, n);
    return all;
}

static void swap(struct cube *cube)
{
    struct cube first = cube[0];
    cube[0] = cube[1];
    cube[1] = first;
}

/* What one rank computes alone: memory of a cube with a border of zeros. */
static double *serial_field(int n, int steps)
{
    int64_t row = n + 2, layer = row * row;
    struct cube cube[2];
    double *memory[2], *all = start_field(n);
    for (int i = 0; i < 2; i++) {
        memory[i] = calloc((size_t)(layer * row), sizeof *memory[i]);
        cube[i] = (struct cube){memory[i] + layer + row + 1, layer, row, n, n, n};
    }
    for (int64_t i = 0; i < (int64_t)n * n; i++)
        memcpy(cube[0].first + i / n * layer + i % n * row, all + i * n, (size_t)n * sizeof *all);
    for (int step = 0; step < steps; step++, swap(cube))
        diffuse(&cube[1], &cube[0]);
    for (int64_t i = 0; i < (int64_t)n * n; i++)
        memcpy(all + i * n, cube[0].first + i / n * layer + i % n * row, (size_t)n * sizeof *all);
    free(memory[0]);
    free(memory[1]);
    return all;
}

/* The field after some steps, gathered on rank 0. Freed by free(). */
static double *grid_field(rp_pool *pool, int n, int steps)
{
    rp_grid_shape shape = {.layers = n, .rows = n, .columns = n, .cell_size = sizeof(double)};
    rp_grid *grid = open_grid(pool, shape);
    struct cube cube[2];
    for (int i = 0; i < 2; i++)
        cube[i] = (struct cube){alloc_field(pool, grid),    rp_grid_layer_stride(grid),
                                rp_grid_stride(grid),       length(rp_grid_layers(grid)),
                                length(rp_grid_rows(grid)), length(rp_grid_columns(grid))};
    double *all = start_field(n);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, all, cube[0].first), RP_OK);
    for (int step = 0; step < steps; step++, swap(cube)) {
        ck_assert_int_eq(rp_grid_exchange_begin(grid, cube[0].first), RP_OK);
        ck_assert_int_eq(rp_grid_exchange_end(grid), RP_OK);
        diffuse(&cube[1], &cube[0]);
    }
    ck_assert_int_eq(rp_grid_gather(grid, 0, cube[0].first, all), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    return all;
}

static double largest_error(const double *all, int n, double factor)
{
    double most = 0;
    for (int64_t l = 0; l < n; l++)
        for (int64_t r = 0; r < n; r++)
            for (int64_t c = 0; c < n; c++)
                most = fmax(most, fabs(*all++ - factor * start_value(l, r, c, n)));
    return most;
}

/* The same time on three meshes. */
START_TEST(heat_in_a_cube_has_order_two)
{
    static const int meshes[] = {7, 15, 31};
    double error[3];
    rp_pool *pool = open_pool();
    for (int i = 0; i < 3; i++) {
        int n = meshes[i], steps = (n + 1) * (n + 1) / 4;
        double *all = grid_field(pool, n, steps), *expected = serial_field(n, steps);
        error[i] = largest_error(all, n, exp(-3 * pi * pi / 32));
        if (world_rank() == 0)
            ck_assert(memcmp(all, expected, (size_t)n * (size_t)n * (size_t)n * sizeof *all) == 0);
        free(all);
        free(expected);
    }
    for (int i = 0; i < 2 && world_rank() == 0; i++) {
        double order = log2(error[i] / error[i + 1]);
        ck_assert_msg(order > 1.9 && order < 2.1, "order %g", order);
    }
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"heat in a cube has order two", &heat_in_a_cube_has_order_two},
    {NULL, NULL},
};
const struct test_group grid_heat_tests = {"grid_heat", cases};
