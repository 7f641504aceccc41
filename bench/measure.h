/* Shared by the benchmarks: contestants measured in turn, A B A B ..., and a table of ratios.
 *
 * A ratio is taken within each round, so the machine's drift cancels; the median and the spread
 * over the rounds count, never a single time. */
#ifndef RANKPOOL_BENCH_MEASURE_H
#define RANKPOOL_BENCH_MEASURE_H

#include "rankpool.h"

enum {
    MOST_ROUNDS = 99,
    MOST_TIMES = 999 /* of one contestant, which may be timed several times in a round */
};

/* The number of rounds on the command line, or `usual`. Anything but one number from 1 to
 * MOST_ROUNDS ends the program with one line and status 2. Call it before MPI is initialised. */
int rounds_wanted(int argc, char **argv, int usual);

/* The times of one contestant, in seconds. */
struct times {
    double seconds[MOST_TIMES];
    int rounds;
};

/* Seconds from the first rank's begin of `run` to the last one's end. Collective on MPI_COMM_WORLD;
 * the ranks begin together. Every rank gets the same value. */
double measure(void (*run)(void *), void *argument);

/* Adds a round. */
void times_add(struct times *times, double seconds);

double median_of(const double *values, int count);

/* Prints a row on stdout, on rank 0; a goal of 0 is not printed. A ratio: the median of a / b with
 * its spread; its goal is a maximum (`at_most`) or a minimum. */
void print_ratio(const char *name, const struct times *a, const struct times *b, bool at_most,
                 double goal);

/* Rows that are not ratios: the median of figures with their spread, or one figure, with a maximum
 * as goal; and nanoseconds per item from the seconds for `items` items. */
void print_figures(const char *name, const struct times *figures, const char *unit, double goal);
void print_figure(const char *name, double figure, const char *unit, double goal);
void print_nanoseconds(const char *name, const struct times *times, double items, double goal);

/* Ends the program on all ranks with `what` and the pool's last error. */
void give_up(const rp_pool *pool, const char *what);

/* Whether this is rank 0 of MPI_COMM_WORLD. */
bool speaks(void);

#endif
