/* Heat in a cube whose sides are kept at zero, on three meshes: halving the mesh width divides the
 * error by four. */
#include <math.h>
#include <rankpool.h>
#include <stdio.h>

static const double pi = 3.14159265358979323846;

/* Cells of this rank's block, in indices of the whole field. */
struct region {
    rp_range layers, rows, columns;
};

/* The cell (0, 0, 0) of the whole field, if it were in this rank's memory. */
static double *origin(const rp_grid *grid, double *u)
{
    return u - rp_grid_layers(grid).begin * rp_grid_layer_stride(grid) -
           rp_grid_rows(grid).begin * rp_grid_stride(grid) - rp_grid_columns(grid).begin;
}

/* New temperatures of some cells. dt is 1/8 of the square of the mesh width. */
static void diffuse(const rp_grid *grid, const double *u, double *next, struct region region)
{
    int64_t layer = rp_grid_layer_stride(grid), row = rp_grid_stride(grid);
    for (int64_t l = region.layers.begin; l < region.layers.end; l++)
        for (int64_t r = region.rows.begin; r < region.rows.end; r++)
            for (int64_t c = region.columns.begin; c < region.columns.end; c++) {
                int64_t i = l * layer + r * row + c;
                next[i] =
                    u[i] + 0.125 * ((u[i - layer] + u[i + layer]) + (u[i - row] + u[i + row]) +
                                    (u[i - 1] + u[i + 1]) - 6 * u[i]);
            }
}

/* All cells of the block; the inner ones while the faces of the neighbours are on their way. */
static rp_status step(rp_grid *grid, double *u, double *next)
{
    struct region all = {rp_grid_layers(grid), rp_grid_rows(grid), rp_grid_columns(grid)}, in;
    in.layers = rp_grid_inner_layers(grid);
    rp_grid_inner(grid, &in.rows, &in.columns);
    const double *from = origin(grid, u);
    double *to = origin(grid, next);
    rp_status status = rp_grid_exchange_begin(grid, u);
    if (status != RP_OK)
        return status;
    diffuse(grid, from, to, in);
    status = rp_grid_exchange_end(grid);
    const struct region slabs[] = {
        {{all.layers.begin, in.layers.begin}, all.rows, all.columns},
        {{in.layers.end, all.layers.end}, all.rows, all.columns},
        {in.layers, {all.rows.begin, in.rows.begin}, all.columns},
        {in.layers, {in.rows.end, all.rows.end}, all.columns},
        {in.layers, in.rows, {all.columns.begin, in.columns.begin}},
        {in.layers, in.rows, {in.columns.end, all.columns.end}},
    };
    for (int i = 0; i < 6; i++)
        diffuse(grid, from, to, slabs[i]);
    return status;
}

/* The lowest mode, sin(pi x) sin(pi y) sin(pi z), times `factor`: stores it in u, or returns its
 * largest difference from u. */
static double mode(const rp_grid *grid, double *u, int n, double factor, int store)
{
    double *cell = origin(grid, u), most = 0;
    rp_range layers = rp_grid_layers(grid), rows = rp_grid_rows(grid);
    rp_range columns = rp_grid_columns(grid);
    for (int64_t l = layers.begin; l < layers.end; l++)
        for (int64_t r = rows.begin; r < rows.end; r++)
            for (int64_t c = columns.begin; c < columns.end; c++) {
                double width = pi / (n + 1);
                double value = factor * sin(width * (double)(l + 1)) *
                               sin(width * (double)(r + 1)) * sin(width * (double)(c + 1));
                int64_t i = l * rp_grid_layer_stride(grid) + r * rp_grid_stride(grid) + c;
                if (store)
                    cell[i] = value;
                most = fmax(most, fabs(cell[i] - value));
            }
    return most;
}

/* The error at the end, on a mesh of n points each way. */
static rp_status solve(rp_pool *pool, int n, double *error)
{
    int steps = (n + 1) * (n + 1) / 8;
    rp_grid *grid;
    void *u = NULL, *next = NULL;
    rp_grid_shape shape = {.layers = n, .rows = n, .columns = n, .cell_size = sizeof(double)};
    rp_status status = rp_grid_open(pool, &shape, &grid);
    if (status == RP_OK)
        status = rp_grid_alloc(grid, &u);
    if (status == RP_OK)
        status = rp_grid_alloc(grid, &next);
    if (status == RP_OK)
        mode(grid, u, n, 1, 1);
    for (int i = 0; status == RP_OK && i < steps; i++) {
        status = step(grid, u, next);
        void *old = u;
        u = next;
        next = old;
    }
    double time = steps * 0.125 / ((n + 1.0) * (n + 1.0)), mine = 0;
    if (status == RP_OK)
        mine = mode(grid, u, n, exp(-3 * pi * pi * time), 0);
    if (status == RP_OK)
        status = rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_MAX, error);
    rp_grid_close(&grid);
    return status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    double error[3] = {0, 0, 0};
    rp_status status = RP_OK;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "cube");
    for (int i = 0; i < 3 && status == RP_OK; i++)
        status = solve(pool, (8 << i) - 1, &error[i]);
    for (int i = 0; status == RP_OK && i < 3 && rp_rank(pool) == rp_root(pool); i++)
        printf("mesh width 1/%d: error %.3e\n", 8 << i, error[i]);
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("order %.2f, then %.2f\n", log2(error[0] / error[1]), log2(error[1] / error[2]));
    int code = rp_report(pool, "cube");
    rp_close(&pool);
    return code;
}
