/* What the benchmarks share: contestants measured in turn, A B A B ..., and a table of ratios.
 *
 * A ratio is taken within each round, so the machine's drift cancels; the median and the spread
 * over the rounds are what counts, never a single time. */
#ifndef RANKPOOL_BENCH_MEASURE_H
#define RANKPOOL_BENCH_MEASURE_H

#include "rankpool.h"

enum {
    MOST_ROUNDS = 99,
    MOST_TIMES = 999 /* of one contestant, who may be timed several times in a round */
};

/* How many rounds the command line asks for, or `usual`. Anything but one number from 1 to
 * MOST_ROUNDS ends the program with one line and status 2. Before MPI is initialised. */
int rounds_wanted(int argc, char **argv, int usual);

/* One contestant's seconds, time after time. */
struct times {
    double seconds[MOST_TIMES];
    int rounds;
};

/* Seconds from when the first rank began `run` to when the last one ended it. Collective on
 * MPI_COMM_WORLD; the ranks begin together. Every rank gets the same value. */
double measure(void (*run)(void *), void *argument);

/* Adds a round. */
void times_add(struct times *times, double seconds);

double median_of(const double *values, int count);

/* Rows on stdout, by rank 0, with a goal if it is above 0. A ratio: the median of a / b with its
 * spread; it is to be at most the goal (`at_most`), or at least that. */
void print_ratio(const char *name, const struct times *a, const struct times *b, bool at_most,
                 double goal);

/* What is no ratio: the median of figures and their spread, or one figure, which is to be at most
 * the goal; and seconds for so many items, told in nanoseconds. */
void print_figures(const char *name, const struct times *figures, const char *unit, double goal);
void print_figure(const char *name, double figure, const char *unit, double goal);
void print_nanoseconds(const char *name, const struct times *times, double items, double goal);

/* Ends the program on all ranks: what went wrong, and what the pool says of it. */
void give_up(const rp_pool *pool, const char *what);

/* Is this rank 0 of MPI_COMM_WORLD? */
bool speaks(void);

#endif
