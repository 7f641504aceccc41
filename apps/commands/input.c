#include "commands/input.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    READ_AT_ONCE = 64 * 1024
};

rp_status input_open(struct input *input, const struct settings *settings)
{
    *input = (struct input){.file = STDIN_FILENO,
                            .end_byte = settings->null_ended ? '\0' : '\n',
                            .arguments = settings->arguments,
                            .left = settings->argument_count};
    rpi_error_clear(&input->error);
    if (settings->file == NULL)
        return RP_OK;
    input->file = open(settings->file, O_RDONLY | O_CLOEXEC);
    if (input->file >= 0)
        return RP_OK;
    return rpi_error_set(&input->error, RP_ERR_IO, "cannot read '%s': %s", settings->file,
                         strerror(errno));
}

void input_close(struct input *input)
{
    if (input->file > STDIN_FILENO)
        close(input->file);
    free(input->bytes);
    input->bytes = NULL;
}

/* Makes room behind what was read. */
static bool make_room(struct input *input)
{
    size_t held = input->end - input->begin;
    if (held > 0 && input->begin > 0)
        memmove(input->bytes, input->bytes + input->begin, held);
    input->scanned -= input->begin;
    input->begin = 0;
    input->end = held;
    if (input->capacity - input->end >= READ_AT_ONCE)
        return true;
    size_t capacity = input->capacity + input->capacity / 2 + READ_AT_ONCE;
    char *bytes = realloc(input->bytes, capacity);
    if (bytes == NULL)
        return false;
    input->bytes = bytes;
    input->capacity = capacity;
    return true;
}

static bool is_readable(int file)
{
    struct pollfd look = {.fd = file, .events = POLLIN};
    return poll(&look, 1, 0) != 0;
}

/* Reads what there is. INPUT_LINE: something was read, or the end was. */
static enum input_state read_more(struct input *input)
{
    if (!is_readable(input->file))
        return INPUT_LATER;
    if (!make_room(input)) {
        rpi_error_set(&input->error, RP_ERR_MEMORY, "no memory for a line of its input");
        return INPUT_FAILED;
    }
    ssize_t count = read(input->file, input->bytes + input->end, READ_AT_ONCE);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return INPUT_LATER;
    if (count < 0) {
        rpi_error_set(&input->error, RP_ERR_IO, "cannot read its input: %s", strerror(errno));
        return INPUT_FAILED;
    }
    input->end += (size_t)count;
    input->over = count == 0;
    return INPUT_LINE;
}

static enum input_state next_argument(struct input *input, const char **line, size_t *length)
{
    if (input->left == 0)
        return INPUT_END;
    input->left--;
    *line = *input->arguments++;
    *length = strlen(*line);
    return INPUT_LINE;
}

/* Commands and arguments of programs cannot have null bytes. */
static enum input_state check_line(struct input *input, const char *line, size_t length)
{
    if (memchr(line, '\0', length) == NULL)
        return INPUT_LINE;
    rpi_error_set(&input->error, RP_ERR_ARGUMENT,
                  "a line of its input has a null byte: is it --null that is meant?");
    return INPUT_FAILED;
}

enum input_state input_next(struct input *input, const char **line, size_t *length)
{
    if (input->arguments != NULL)
        return next_argument(input, line, length);
    for (;;) {
        char *from = input->bytes + input->scanned;
        size_t unseen = input->end - input->scanned;
        const char *found = unseen > 0 ? memchr(from, input->end_byte, unseen) : NULL;
        bool rest = found == NULL && input->over && input->end > input->begin;
        if (found != NULL || rest) {
            *line = input->bytes + input->begin;
            *length = rest ? input->end - input->begin : (size_t)(found - *line);
            input->begin += *length + !rest;
            input->scanned = input->begin;
            return check_line(input, *line, *length);
        }
        if (input->over)
            return INPUT_END;
        input->scanned = input->end;
        enum input_state state = read_more(input);
        if (state != INPUT_LINE)
            return state;
    }
}
