/* The result of a command, as it travels from the rank that ran it to the root, which prints it. */
#ifndef RANKPOOL_APPS_COMMANDS_RESULT_H
#define RANKPOOL_APPS_COMMANDS_RESULT_H

#include "commands/command.h"

#include <rankpool.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    HOST_SIZE = 64
};

/* Followed by the bytes of its output and of its errors. */
struct result {
    int64_t number;
    double begun, runtime;
    int32_t exit_value, signal;
    uint64_t output_bytes, error_bytes;
    char host[HOST_SIZE];
};

/* Makes a result in `buffer`, and closes the files of the command. */
rp_status result_make(rp_buffer *buffer, int64_t number, struct command_end *end, rp_error *error);

/* Makes the result of a command that no rank could run to its end, with a message as its errors. */
rp_status result_make_lost(rp_buffer *buffer, int64_t number, const char *text, rp_error *error);

static inline bool result_succeeded(const struct result *result)
{
    return result->exit_value == 0 && result->signal == 0;
}

/* Prints output and errors, each in one piece unless it is large. RP_ERR_IO: stdout fails. */
rp_status result_print(const struct result *result, rp_error *error);

#endif
