/* Where commands or arguments come from: a file or a pipe, read without blocking, or the command
 * line. */
#ifndef RANKPOOL_APPS_COMMANDS_INPUT_H
#define RANKPOOL_APPS_COMMANDS_INPUT_H

#include "commands/settings.h"

#include <rankpool.h>
#include <stddef.h>

enum input_state {
    INPUT_LINE,
    INPUT_LATER, /* the rest of the line has not been written yet */
    INPUT_END,
    INPUT_FAILED
};

struct input {
    int file;
    char end_byte; /* of a line */
    bool over;     /* the end of the file was read */
    char *bytes;
    size_t begin, scanned, end, capacity; /* of what was read and not yet returned */
    char **arguments;
    int left;
    rp_error error;
};

/* Opens what the settings name; fills `input->error` on failure. */
rp_status input_open(struct input *input, const struct settings *settings);

/* The next line, without its end, valid until the next call. On INPUT_FAILED the error says why. */
enum input_state input_next(struct input *input, const char **line, size_t *length);

void input_close(struct input *input);

#endif
