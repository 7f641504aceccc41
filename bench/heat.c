/* A grid's speed per cell and core: steps of the heat equation on 2000 x 2000 cells, against a
 * serial loop over the same cells, and against serial loops over the ranks' shares at once, which
 * share the memory's bandwidth as the grid's ranks do. `heat STEPS` takes another number of them
 * than 50. */
#include "measure.h"

#include "diffusion/kernel.h"

#include <stdlib.h>

enum {
    CELLS = 2000,
    STRIDE = CELLS + 8, /* of the serial loop's rows */
    ROUNDS = 5
};

static const struct weights weights = {0.2, 0.2};

struct contest {
    rp_pool *pool;
    rp_grid *grid;
    double *field, *spare; /* of the grid */
    double *own, *own_spare;
    int64_t own_rows; /* of the serial loop */
    int steps;
};

static void swap(double **a, double **b)
{
    double *kept = *a;
    *a = *b;
    *b = kept;
}

static void serial_steps(struct contest *contest, int64_t rows)
{
    for (int step = 0; step < contest->steps; step++) {
        diffuse(contest->own_spare, contest->own, STRIDE, (rp_range){0, rows}, (rp_range){0, CELLS},
                weights);
        swap(&contest->own, &contest->own_spare);
    }
}

static void run_alone(void *argument)
{
    struct contest *contest = argument;
    if (rp_rank(contest->pool) == 0)
        serial_steps(contest, CELLS);
    rp_barrier(contest->pool); /* the others sleep */
}

static void run_shares(void *argument)
{
    struct contest *contest = argument;
    serial_steps(contest, contest->own_rows);
}

static void run_grid(void *argument)
{
    struct contest *contest = argument;
    for (int step = 0; step < contest->steps; step++) {
        if (diffuse_grid(contest->grid, contest->spare, contest->field, weights) != RP_OK)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
        swap(&contest->field, &contest->spare);
    }
}

static void compete(struct contest *contest)
{
    struct times alone = {.rounds = 0}, shares = {.rounds = 0}, grid = {.rounds = 0},
                 together = {.rounds = 0};
    int ranks = rp_ranks(contest->pool);
    measure(run_alone, contest);
    measure(run_grid, contest);
    for (int round = 0; round < ROUNDS; round++) {
        times_add(&alone, measure(run_alone, contest));
        double seconds = measure(run_grid, contest);
        times_add(&together, seconds * ranks);
        times_add(&shares, measure(run_shares, contest));
        times_add(&grid, seconds);
    }
    print_ratio("heat: a serial loop / (ranks * the grid)", &alone, &together, false, 0.95);
    print_ratio("heat: serial loops at once / the grid", &shares, &grid, false, 0);
    print_nanoseconds("heat: the grid, per cell, step and core", &together,
                      (double)CELLS * CELLS * contest->steps);
}

/* Numbers that do not become so small that the processor is slow with them. */
static void fill(double *cells, int64_t stride, rp_range rows, rp_range columns)
{
    for (int64_t r = 0; r < rows.end - rows.begin; r++)
        for (int64_t c = 0; c < columns.end - columns.begin; c++)
            cells[r * stride + c] = 1;
}

static bool prepare_grid(struct contest *contest)
{
    rp_grid_shape shape = {.rows = CELLS, .columns = CELLS, .cell_size = sizeof(double)};
    void *field, *spare;
    if (rp_grid_open(contest->pool, &shape, &contest->grid) != RP_OK ||
        rp_grid_alloc(contest->grid, &field) != RP_OK ||
        rp_grid_alloc(contest->grid, &spare) != RP_OK)
        return false;
    contest->field = field;
    contest->spare = spare;
    fill(field, rp_grid_stride(contest->grid), rp_grid_rows(contest->grid),
         rp_grid_columns(contest->grid));
    return true;
}

static bool prepare_serial(struct contest *contest)
{
    rp_range all = {0, CELLS};
    rp_range share = rp_block(CELLS, rp_ranks(contest->pool), rp_rank(contest->pool));
    size_t cells = (size_t)STRIDE * (CELLS + 2);
    double *own = calloc(cells, sizeof *own), *spare = calloc(cells, sizeof *own);
    if (own == NULL || spare == NULL)
        return false;
    contest->own = own + STRIDE + STRIDE - CELLS;
    contest->own_spare = spare + STRIDE + STRIDE - CELLS;
    contest->own_rows = share.end - share.begin;
    fill(contest->own, STRIDE, all, all);
    return true;
}

int main(int argc, char **argv)
{
    struct contest contest = {.steps = argc > 1 ? atoi(argv[1]) : 50};
    if (rp_open(NULL, &contest.pool) != RP_OK || contest.steps < 1 || !prepare_grid(&contest) ||
        !prepare_serial(&contest))
        return EXIT_FAILURE;
    compete(&contest);
    return rp_exit_code(rp_close(&contest.pool));
}
