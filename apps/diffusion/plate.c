#include "diffusion/plate.h"

#include <math.h>

/* Rows and columns of a block, counted from its first; negative in the halo. */
struct region {
    rp_range rows, columns;
};

/* A sweep in progress. */
struct sweep {
    const struct plate *plate;
    int steps;
    struct weights weights;
};

static bool is_empty(const struct region *region)
{
    return region->rows.begin >= region->rows.end || region->columns.begin >= region->columns.end;
}

/* The block grown (or shrunk, if negative) by `cells` on each side that has a neighbour. */
static struct region grown(const struct plate *plate, int64_t cells)
{
    return (struct region){{plate->above ? -cells : 0, plate->rows + (plate->below ? cells : 0)},
                           {plate->left ? -cells : 0, plate->columns + (plate->right ? cells : 0)}};
}

/* Cells that can take step number `step` of a sweep (1, 2 ...) without the neighbours' cells. */
static struct region inside(const struct sweep *sweep, int step)
{
    return grown(sweep->plate, -step);
}

/* Cells that must take it, so that the block can take the last step. */
static struct region needed(const struct sweep *sweep, int step)
{
    return grown(sweep->plate, sweep->steps - step);
}

static void take(const struct sweep *sweep, int step, rp_range rows, rp_range columns)
{
    const struct plate *plate = sweep->plate;
    if (rows.begin < rows.end && columns.begin < columns.end)
        diffuse(plate->field[step % 2], plate->field[(step - 1) % 2], plate->stride, rows, columns,
                sweep->weights);
}

/* A step's values replace those of two steps before, which the previous step has used already: it
 * is a row ahead. The values of step n around its region remain, since step n + 2 has a smaller
 * region, for sweep_border(). */
static void sweep_inside(const struct sweep *sweep)
{
    for (int64_t front = 0; front < sweep->plate->rows + sweep->steps; front++) {
        for (int step = 1; step <= sweep->steps; step++) {
            struct region region = inside(sweep, step);
            int64_t row = front - (step - 1);
            if (row >= region.rows.begin && row < region.rows.end)
                take(sweep, step, (rp_range){row, row + 1}, region.columns);
        }
    }
}

/* The remaining cells: all around the inside. */
static void sweep_border(const struct sweep *sweep)
{
    for (int step = 1; step <= sweep->steps; step++) {
        struct region in = inside(sweep, step), all = needed(sweep, step);
        if (is_empty(&in)) {
            take(sweep, step, all.rows, all.columns);
            continue;
        }
        take(sweep, step, (rp_range){all.rows.begin, in.rows.begin}, all.columns);
        take(sweep, step, (rp_range){in.rows.end, all.rows.end}, all.columns);
        take(sweep, step, in.rows, (rp_range){all.columns.begin, in.columns.begin});
        take(sweep, step, in.rows, (rp_range){in.columns.end, all.columns.end});
    }
}

static rp_status sweep_all(const struct sweep *sweep)
{
    rp_grid *grid = sweep->plate->grid;
    rp_status status = rp_grid_exchange_begin(grid, sweep->plate->field[0]);
    if (status != RP_OK)
        return status;
    sweep_inside(sweep);
    status = rp_grid_exchange_end(grid);
    if (status == RP_OK)
        sweep_border(sweep);
    return status;
}

rp_status plate_step(struct plate *plate, int64_t all, struct weights weights)
{
    rp_status status = RP_OK;
    int64_t steps = all;
    rp_progress_set(plate->pool, "steps", 0, all);
    while (steps > 0 && status == RP_OK && !rp_interrupted(plate->pool)) {
        struct sweep sweep = {plate, steps < plate->depth ? (int)steps : plate->depth, weights};
        status = sweep_all(&sweep);
        if (sweep.steps % 2 == 1) {
            double *kept = plate->field[0];
            plate->field[0] = plate->field[1];
            plate->field[1] = kept;
        }
        steps -= sweep.steps;
        rp_progress_set(plate->pool, "steps", all - steps, all);
    }
    rp_progress_set(plate->pool, NULL, 0, 0); /* if the steps ended early */
    /* A rank interrupted later has waited for the halo of one interrupted first. */
    bool interrupted = steps > 0 && rp_interrupted(plate->pool);
    return interrupted ? RP_ERR_INTERRUPTED : status;
}

/* Deep sweeps save memory traffic, but the cells computed twice, at borders, must be few; nor may
 * the width of the halo leave ranks without a block. */
static int good_depth(int64_t all_rows, int64_t all_columns, int ranks)
{
    const int most = 8;
    double side = sqrt((double)all_rows * (double)all_columns / ranks);
    double depth = fmin(side, fmin((double)all_rows, (double)all_columns)) / 16;
    return depth < 1 ? 1 : depth > most ? most : (int)depth;
}

static void look_around(struct plate *plate, int64_t all_rows, int64_t all_columns)
{
    rp_range rows = rp_grid_rows(plate->grid), columns = rp_grid_columns(plate->grid);
    plate->rows = rows.end - rows.begin;
    plate->columns = columns.end - columns.begin;
    plate->stride = rp_grid_stride(plate->grid);
    if (plate->rows == 0)
        return;
    plate->above = rows.begin > 0;
    plate->below = rows.end < all_rows;
    plate->left = columns.begin > 0;
    plate->right = columns.end < all_columns;
}

rp_status plate_open(rp_pool *pool, int64_t all_rows, int64_t all_columns, struct plate *plate)
{
    *plate =
        (struct plate){.pool = pool, .depth = good_depth(all_rows, all_columns, rp_ranks(pool))};
    rp_grid_shape shape = {.rows = all_rows,
                           .columns = all_columns,
                           .cell_size = sizeof(double),
                           .halo = plate->depth};
    rp_status status = rp_grid_open(pool, &shape, &plate->grid);
    for (int i = 0; i < 2 && status == RP_OK; i++) {
        void *memory;
        status = rp_grid_alloc(plate->grid, &memory);
        plate->field[i] = memory;
    }
    if (status == RP_OK)
        look_around(plate, all_rows, all_columns);
    return status;
}

rp_status plate_close(struct plate *plate)
{
    return rp_grid_close(&plate->grid);
}
