/* The log of commands, in the format of GNU parallel's: a line for each that has ended, in order of
 * their ends. Each line is appended by one write, so that a farm that is killed leaves whole lines,
 * but for the last one. */
#ifndef RANKPOOL_APPS_COMMANDS_JOB_LOG_H
#define RANKPOOL_APPS_COMMANDS_JOB_LOG_H

#include <rankpool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job_log {
    const char *path; /* NULL: there is none */
    int file;
    uint64_t *succeeded; /* fingerprints of the commands, by number - 1; 0: not */
    size_t count;
    rp_buffer *line;
};

struct job_log_entry {
    int64_t number;
    const char *host;
    double begun, runtime;
    size_t output_bytes;
    int exit_value, signal;
    const char *command;
};

/* Opens a log: an empty one, or, to resume, the one that is there. Then a last line that was cut is
 * removed. */
rp_status job_log_open(struct job_log *log, const char *path, bool resume, rp_error *error);

/* Whether a command succeeded according to the log that was resumed. RP_ERR_ARGUMENT: another
 * command of that number did. */
rp_status job_log_find(struct job_log *log, int64_t number, const char *command, bool *succeeded,
                       rp_error *error);

rp_status job_log_add(struct job_log *log, const struct job_log_entry *entry, rp_error *error);

void job_log_close(struct job_log *log);

#endif
