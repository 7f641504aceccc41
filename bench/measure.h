/* What the benchmarks share: contestants measured in turn, A B A B ..., and a table of ratios.
 *
 * A ratio is taken within each round, so the machine's drift cancels; the median and the spread
 * over the rounds are what counts, never a single time. */
#ifndef RANKPOOL_BENCH_MEASURE_H
#define RANKPOOL_BENCH_MEASURE_H

#include "rankpool.h"

enum {
    MOST_ROUNDS = 99
};

/* How many rounds the command line asks for, or `usual`. Anything but one number from 1 to
 * MOST_ROUNDS ends the program with one line and status 2. Before MPI is initialised. */
int rounds_wanted(int argc, char **argv, int usual);

/* One contestant's seconds in each round. */
struct times {
    double seconds[MOST_ROUNDS];
    int rounds;
};

/* Seconds from when the first rank began `run` to when the last one ended it. Collective on
 * MPI_COMM_WORLD; the ranks begin together. Every rank gets the same value. */
double measure(void (*run)(void *), void *argument);

/* Adds a round. */
void times_add(struct times *times, double seconds);

double median_of(const double *values, int count);

/* A row on stdout, by rank 0: name, median ratio of times a / b with its spread, and the goal.
 * `goal`: the ratio must be at most (`at_most`) or at least this; 0: none. */
void print_ratio(const char *name, const struct times *a, const struct times *b, bool at_most,
                 double goal);

/* A row of plain figures, by rank 0: the median of the
 * times, divided by `items`, in nanoseconds. */
void print_nanoseconds(const char *name, const struct times *times, double items);

/* Is this rank 0 of MPI_COMM_WORLD? */
bool speaks(void);

#endif
