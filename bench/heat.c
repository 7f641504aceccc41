/* The speed of heat per cell and core: steps of the heat equation on 2000 x 2000 cells, on all
 * ranks, compared with a serial loop that takes one step after the other, and with the same plate
 * on one rank. */
#include "measure.h"

#include "diffusion/plate.h"

#include <stdlib.h>

enum {
    CELLS = 2000,
    STRIDE = CELLS + 8, /* of the serial loop's rows */
    STEPS = 100
};

static const struct weights weights = {0.2, 0.2};

struct contest {
    rp_pool *pool, *alone;       /* of all ranks, and of this one only */
    struct plate plate, private; /* of these pools */
    double *cells[2];            /* of the serial loop */
};

static void serial_steps(struct contest *contest)
{
    rp_range all = {0, CELLS};
    for (int step = 0; step < STEPS; step++)
        diffuse(contest->cells[(step + 1) % 2], contest->cells[step % 2], STRIDE, all, all,
                weights);
}

static void take_steps(struct plate *plate, int steps)
{
    if (plate_step(plate, steps, weights) != RP_OK)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/* The other ranks sleep meanwhile. */
static void run_serial(void *argument)
{
    struct contest *contest = argument;
    if (rp_rank(contest->pool) == 0)
        serial_steps(contest);
    rp_barrier(contest->pool);
}

static void run_alone(void *argument)
{
    struct contest *contest = argument;
    if (rp_rank(contest->pool) == 0)
        take_steps(&contest->private, STEPS);
    rp_barrier(contest->pool);
}

static void run_together(void *argument)
{
    struct contest *contest = argument;
    take_steps(&contest->plate, STEPS);
}

static void compete(struct contest *contest)
{
    static struct times serial, alone, together;
    struct row rows[] = {
        row_beside("heat, of each rank, beside a serial loop", &together, &serial, 0.95),
        row_beside("heat, of each rank, beside heat on one rank", &together, &alone, 0.95),
        row_of("heat: a cell, a step and a core", &together, 0, "ns",
               1e9 / ((double)CELLS * CELLS * STEPS)),
    };
    struct rounds rounds = rounds_of(rows, 3);
    measure(run_serial, contest);
    measure(run_together, contest);
    measure(run_alone, contest);
    while (rounds_next(&rounds)) {
        times_add(&serial, measure(run_serial, contest));
        times_add(&together, measure(run_together, contest) * rp_ranks(contest->pool));
        times_add(&alone, measure(run_alone, contest));
    }
}

/* Numbers that do not become denormal, which is slow on some processors. */
static void fill(double *cells, int64_t stride, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            cells[r * stride + c] = 1;
}

static bool prepare_plate(rp_pool *pool, struct plate *plate)
{
    if (plate_open(pool, CELLS, CELLS, plate) != RP_OK)
        return false;
    fill(plate->field[0], plate->stride, plate->rows, plate->columns);
    return true;
}

static bool prepare_serial(struct contest *contest)
{
    for (int i = 0; i < 2; i++) {
        double *memory = calloc((size_t)STRIDE * (CELLS + 2), sizeof *memory);
        if (memory == NULL)
            return false;
        contest->cells[i] = memory + STRIDE + STRIDE - CELLS;
    }
    fill(contest->cells[0], STRIDE, CELLS, CELLS);
    return true;
}

int main(int argc, char **argv)
{
    struct contest contest = {.pool = NULL};
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &contest.pool) != RP_OK ||
        rp_open_comm(MPI_COMM_SELF, NULL, &contest.alone) != RP_OK ||
        !prepare_plate(contest.pool, &contest.plate) ||
        !prepare_plate(contest.alone, &contest.private) || !prepare_serial(&contest))
        return EXIT_FAILURE;
    compete(&contest);
    rp_close(&contest.alone);
    return rp_exit_code(rp_close(&contest.pool));
}
