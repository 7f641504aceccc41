/* Shared by the benchmark programs: contestants measured in turn on all ranks, until their rows are
 * sure (sample.h). bench/run launches a program several times, where it may have time for one round
 * only (launches.sh): what is slower the first time is run before the rounds.
 *
 *     struct row row = row_beside("loop, beside OpenMP", &ours, &theirs, 0.95);
 *     struct rounds rounds = rounds_of(&row, 1);
 *     measure(run_theirs, NULL);
 *     measure(run_ours, NULL);
 *     while (rounds_next(&rounds)) {
 *         times_add(&theirs, measure(run_theirs, NULL));
 *         times_add(&ours, measure(run_ours, NULL));
 *     } */
#ifndef RANKPOOL_BENCH_MEASURE_H
#define RANKPOOL_BENCH_MEASURE_H

#include "rankpool.h"
#include "sample.h"

/* Reads the one argument that programs take, SECONDS: for how long they measure, all their `parts`
 * together; 0 for one round of each. Without it RANKPOOL_BENCH_SECONDS counts, else it is 10. A
 * wrong one ends the program with one line and status 2. Call it before MPI is initialised. */
void measure_arguments(int argc, char **argv, int parts);

/* Rows that are measured together, as one part. */
struct rounds rounds_of(struct row *rows, int count);

/* Whether to measure another round. If not, rank 0 has printed the rows. Collective on
 * MPI_COMM_WORLD. */
bool rounds_next(struct rounds *rounds);

/* Seconds from the first rank's begin of `run` to the last one's end. Collective on MPI_COMM_WORLD;
 * the ranks begin together. Every rank gets the same value. */
double measure(void (*run)(void *), void *argument);

/* Prints the row of one figure, which was measured once, with its maximum as goal, on rank 0. */
void print_figure(const char *name, double figure, const char *unit, double goal);

/* Ends the program on all ranks with `what` and the pool's last error. */
void give_up(const rp_pool *pool, const char *what);

/* Whether this is rank 0 of MPI_COMM_WORLD. */
bool speaks(void);

#endif
