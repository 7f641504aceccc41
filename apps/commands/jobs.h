/* The root's account of commands: reads and makes them, logs and prints their results, counts
 * failures. Two threads of the root use it: that of the stream, for the other ranks, and the one
 * that runs commands on the root. */
#ifndef RANKPOOL_APPS_COMMANDS_JOBS_H
#define RANKPOOL_APPS_COMMANDS_JOBS_H

#include "commands/input.h"
#include "commands/job_log.h"
#include "commands/settings.h"
#include "commands/window.h"

#include <pthread.h>
#include <rankpool.h>
#include <stdbool.h>
#include <stdint.h>

struct jobs {
    const struct settings *settings;
    pthread_mutex_t lock; /* of all below */
    struct input input;
    struct job_log log;
    struct window window;
    char *template; /* NULL: lines are commands */
    rp_buffer *command;
    int64_t failures;
    bool halted;    /* start no more */
    rp_error error; /* the first, which ends all */
};

rp_status jobs_open(struct jobs *jobs, const struct settings *settings, rp_error *error);
void jobs_close(struct jobs *jobs);

enum jobs_state {
    JOBS_ONE,
    JOBS_LATER, /* wait for input, or until others have been printed */
    JOBS_END
};

/* The next command to run; the job remains until its result comes. `item`: of the stream, or -1. */
enum jobs_state jobs_next(struct jobs *jobs, int64_t item, const struct job **job);

/* Prints the commands instead. */
rp_status jobs_print(struct jobs *jobs, rp_error *error);

/* Takes a result. */
void jobs_finish(struct jobs *jobs, const struct result *result);

/* An item of the stream was lost. */
void jobs_lose(struct jobs *jobs, int64_t item, const char *text);

/* Whether running commands should be ended. */
bool jobs_over(struct jobs *jobs);

/* Prints what still waits. Returns how many commands have not ended; `error` as in jobs->error. */
int64_t jobs_flush(struct jobs *jobs, rp_error *error);

#endif
