/* Rows of a benchmark program that is launched several times, merged from those that it writes in
 * each launch (rounds_write() in sample.h). */
#ifndef RANKPOOL_BENCH_LAUNCHES_H
#define RANKPOOL_BENCH_LAUNCHES_H

#include "sample.h"

enum {
    MOST_MERGED = 32
};

/* The values of `rows` are medians of launches. Zero-initialised. */
struct launches {
    struct row rows[MOST_MERGED];
    int count;
    int added; /* rows of this launch */
    bool launched;
    char names[MOST_MERGED][80], units[MOST_MERGED][24];
    struct times medians[MOST_MERGED], rounds[MOST_MERGED];
};

/* Adds a line that the program has written. False: no row, or another than in the first launch. */
bool launches_add(struct launches *launches, const char *line);

/* The launch has ended. False: it lacks rows. */
bool launches_end(struct launches *launches);

#endif
