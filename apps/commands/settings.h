/* The command line of farm. */
#ifndef RANKPOOL_APPS_COMMANDS_SETTINGS_H
#define RANKPOOL_APPS_COMMANDS_SETTINGS_H

#include "common/command_line.h"

#include <stdbool.h>
#include <stdint.h>

enum halt {
    HALT_NEVER,
    HALT_SOON, /* start no more commands */
    HALT_NOW   /* and end those that run */
};

struct settings {
    char **words; /* of the command; to be freed at the end */
    int word_count;
    char **arguments; /* those after ":::", in the same list; NULL: read them */
    int argument_count;
    const char *file; /* to read commands or arguments from; NULL: standard input */
    bool null_ended;  /* a null byte ends an argument, not a newline */
    bool unordered;
    bool dry_run;
    const char *job_log;
    bool resume;
    uint64_t tries;
    double timeout; /* seconds; 0: none */
    enum halt halt;
    uint64_t halt_failures;
};

extern const struct settings settings_default;
extern const struct option settings_options[];

bool settings_take_option(struct command_line *line, void *settings, int option,
                          const char *argument);
bool settings_take_operands(struct command_line *line, void *settings);

#endif
