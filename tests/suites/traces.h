/* Checks of a trace in Google's Trace Event format, as the root wrote it: events nest, the times of
 * every lane add up to the time its rank was recorded, and every item of every job is counted
 * once. */
#ifndef RANKPOOL_TESTS_TRACES_H
#define RANKPOOL_TESTS_TRACES_H

#include <stdint.h>

/* Expected contents of the recording. */
struct recording {
    const int64_t *items; /* of each job, in order */
    int jobs;
    const double *least, *most; /* bounds of the seconds that each rank was recorded */
};

/* Fails the test unless all of that holds. Modifies the text. */
void check_trace(char *text, const struct recording *recording);

#endif
