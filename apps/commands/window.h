/* The commands that were read and not yet printed, in order: those that run, and, unless the output
 * may be in any order, those that wait for earlier ones to be printed. */
#ifndef RANKPOOL_APPS_COMMANDS_WINDOW_H
#define RANKPOOL_APPS_COMMANDS_WINDOW_H

#include "commands/result.h"

#include <rankpool.h>
#include <stdbool.h>
#include <stdint.h>

struct job {
    int64_t number;        /* of the command, from 1 */
    int64_t item;          /* of the stream, or -1: run by the root */
    size_t bytes;          /* of this struct and the result that waits */
    struct result *result; /* that waits to be printed, or NULL */
    char command[];
};

struct window {
    bool unordered;
    struct job **jobs;   /* by number % capacity; NULL: printed, or not run at all */
    int64_t first, next; /* numbers: the oldest job, and the one after the newest */
    int64_t capacity;    /* a power of two */
    size_t bytes;
};

void window_open(struct window *window, bool unordered);
void window_close(struct window *window);

/* No more should be added before others have been printed. */
bool window_full(const struct window *window);

/* Adds the job window->next with a command. NULL: out of memory. */
struct job *window_add(struct window *window, const char *command);

/* Leaves out that number. */
bool window_skip(struct window *window);

/* The job that runs, or NULL. */
struct job *window_find(const struct window *window, int64_t number);
struct job *window_find_item(const struct window *window, int64_t item);

/* Prints the result of a job, and those that waited for it; or has it wait, in a copy. */
rp_status window_finish(struct window *window, struct job *job, const struct result *result,
                        rp_error *error);

/* Prints all that wait, though earlier ones have not ended. Returns the number of those. */
int64_t window_flush(struct window *window, rp_error *error);

#endif
