/* Runs shell commands, one at a time: each in its own process group, with /dev/null as its input,
 * and with its output in memory. All processes of its group end with it.
 *
 * They also end with this process, whatever ends that: a guard, a process of a few pages, waits for
 * the end of a pipe that only this process has, and then kills the current group. Its number
 * is in memory that both share. */
#ifndef RANKPOOL_APPS_COMMANDS_COMMAND_H
#define RANKPOOL_APPS_COMMANDS_COMMAND_H

#include <rankpool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What runs the commands of one thread. */
struct runner {
    int null_file;
    int group_file, guard_pipe;
    char *group; /* of the command that runs, as a line of text; in group_file */
    char **environment;
    char number[48]; /* the environment's RANKPOOL_ITEM */
    sigset_t mask;   /* of the commands */
};

/* Opens it, on the thread that opened the pool; the commands may then run on another one, with all
 * signals blocked. */
rp_status runner_open(struct runner *runner, rp_error *error);

/* Closes it; one that is all zero is closed already. */
void runner_close(struct runner *runner);

/* A command, and when to end it early. */
struct command_request {
    const char *text;
    int64_t number; /* RANKPOOL_ITEM */
    double timeout; /* seconds; 0: none */
    bool (*cancelled)(void *closure);
    void *closure;
};

struct command_end {
    bool cancelled; /* before its end: the rest says nothing */
    bool timed_out;
    int exit_value; /* as in GNU parallel: 0 after a death by signal, -1 after a timeout */
    int signal;
    double begun;       /* seconds since 1970 */
    double runtime;     /* seconds */
    int output, errors; /* files in memory, owned by the caller */
};

/* Runs a command until it and its process group have ended. Where no process can be started, that
 * is a failure of the command, with a message in its errors. Returns RP_OK, or RP_ERR_IO, if there
 * are no files for its output. */
rp_status runner_run(struct runner *runner, const struct command_request *request,
                     struct command_end *end, rp_error *error);

/* Closes the files. */
void command_discard(const struct command_end *end);

static inline bool command_succeeded(const struct command_end *end)
{
    return end->exit_value == 0 && end->signal == 0;
}

#endif
