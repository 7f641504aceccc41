/* What must hold of a trace in Google's Trace Event format, as the root wrote it: events nest, the
 * times of every lane add up to the time that its rank was recorded, and every item of every job is
 * counted once. */
#ifndef RANKPOOL_TESTS_TRACES_H
#define RANKPOOL_TESTS_TRACES_H

#include <stdint.h>

/* What is known of the recording. */
struct recording {
    const int64_t *items; /* of each job, in order */
    int jobs;
    const double *least, *most; /* seconds that each rank was recorded, at least and at most */
};

/* Fails the test unless all of that holds. Spoils the text. */
void check_trace(char *text, const struct recording *recording);

#endif
