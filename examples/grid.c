#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 200,
    STEPS = 500
};

/* New temperatures of the cells in these rows and columns of the plate. */
static void diffuse(rp_grid *grid, const double *u, double *next, rp_range rows, rp_range columns)
{
    int64_t stride = rp_grid_stride(grid);
    for (int64_t row = rows.begin; row < rows.end; row++) {
        int64_t first = (row - rp_grid_rows(grid).begin) * stride - rp_grid_columns(grid).begin;
        for (int64_t i = first + columns.begin; i < first + columns.end; i++)
            next[i] = u[i] + 0.2 * (u[i - stride] + u[i + stride] + u[i - 1] + u[i + 1] - 4 * u[i]);
    }
}

/* All cells of the block; the inner ones while the edges of the neighbours are on their way. */
static rp_status step(rp_grid *grid, double *u, double *next)
{
    rp_range rows = rp_grid_rows(grid), columns = rp_grid_columns(grid), inner_rows, inner_columns;
    rp_grid_inner(grid, &inner_rows, &inner_columns);
    rp_status status = rp_grid_exchange_begin(grid, u);
    if (status != RP_OK)
        return status;
    diffuse(grid, u, next, inner_rows, inner_columns);
    status = rp_grid_exchange_end(grid);
    diffuse(grid, u, next, (rp_range){rows.begin, inner_rows.begin}, columns);
    diffuse(grid, u, next, (rp_range){inner_rows.end, rows.end}, columns);
    diffuse(grid, u, next, inner_rows, (rp_range){columns.begin, inner_columns.begin});
    diffuse(grid, u, next, inner_rows, (rp_range){inner_columns.end, columns.end});
    return status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_grid *grid;
    void *u = NULL, *next = NULL;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "plate");
    double *plate = calloc(N * N, sizeof *plate);
    plate[N / 2 * N + N / 2] = 1000; /* one hot cell in the middle */
    rp_grid_shape shape = {.rows = N, .columns = N, .cell_size = sizeof *plate};
    rp_status status = rp_grid_open(pool, &shape, &grid);
    if (status == RP_OK)
        status = rp_grid_alloc(grid, &u);
    if (status == RP_OK)
        status = rp_grid_alloc(grid, &next);
    if (status == RP_OK)
        status = rp_grid_scatter(grid, rp_root(pool), plate, u);
    for (int i = 0; status == RP_OK && i < STEPS; i++) {
        status = step(grid, u, next);
        void *old = u;
        u = next;
        next = old;
    }
    if (status == RP_OK)
        status = rp_grid_gather(grid, rp_root(pool), u, plate);
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.6f in the middle, %.6f twenty cells away\n", plate[N / 2 * N + N / 2],
               plate[N / 2 * N + N / 2 + 20]);
    free(plate);
    int code = rp_report(pool, "plate");
    rp_close(&pool); /* closes the grid, and frees its fields */
    return code;
}
