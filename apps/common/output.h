/* Files that are there whole or not at all: written under a temporary name beside their own, and
 * renamed when everything has arrived. What is no ordinary file (a pipe, /dev/stdout) is written
 * directly. */
#ifndef RANKPOOL_APPS_OUTPUT_H
#define RANKPOOL_APPS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* Room for every text that writing a file gives as a problem. */
enum {
    OUTPUT_PROBLEM_SIZE = 512
};

struct output {
    FILE *file;      /* what to write to */
    char *path;      /* where it will be */
    char *temporary; /* where it is meanwhile; NULL: already in its place */
};

/* Begins a file. False, and `problem` is one line for a person, if it cannot be written. */
bool output_begin(struct output *output, const char *path, char problem[OUTPUT_PROBLEM_SIZE]);

/* Ends it. `good`: all was written, so it gets its name; otherwise it goes, and what was there
 * before under its name stays. False, with the reason in `problem`, if it was good but did not
 * arrive. */
bool output_end(struct output *output, bool good, char problem[OUTPUT_PROBLEM_SIZE]);

/* Can this file be written, as far as one can tell beforehand? Leaves nothing behind. */
bool output_possible(const char *path, char problem[OUTPUT_PROBLEM_SIZE]);

#endif
