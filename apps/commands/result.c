#include "commands/result.h"

#include "base/error.h"
#include "base/file_io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static rp_status no_memory(int64_t number, rp_error *error)
{
    return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the output of command %" PRId64,
                         number);
}

static struct result *result_begin(rp_buffer *buffer, int64_t number, size_t output, size_t errors)
{
    struct result *result = rp_buffer_resize(buffer, sizeof *result + output + errors);
    if (result == NULL)
        return NULL;
    *result = (struct result){.number = number, .output_bytes = output, .error_bytes = errors};
    gethostname(result->host, sizeof result->host - 1);
    return result;
}

/* Reads a file from its beginning. */
static bool read_whole(int file, char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t count = pread(file, bytes + done, length - done, (off_t)done);
        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

static size_t file_bytes(int file)
{
    off_t bytes = lseek(file, 0, SEEK_END);
    return bytes > 0 ? (size_t)bytes : 0;
}

static rp_status result_fill(rp_buffer *buffer, int64_t number, const struct command_end *end,
                             rp_error *error)
{
    size_t output = file_bytes(end->output), errors = file_bytes(end->errors);
    struct result *result = result_begin(buffer, number, output, errors);
    if (result == NULL)
        return no_memory(number, error);
    result->begun = end->begun;
    result->runtime = end->runtime;
    result->exit_value = end->exit_value;
    result->signal = end->signal;
    char *bytes = (char *)(result + 1);
    if (read_whole(end->output, bytes, output) && read_whole(end->errors, bytes + output, errors))
        return RP_OK;
    return rpi_error_set(error, RP_ERR_IO, "cannot read the output of command %" PRId64, number);
}

rp_status result_make(rp_buffer *buffer, int64_t number, struct command_end *end, rp_error *error)
{
    rpi_error_clear(error);
    result_fill(buffer, number, end, error);
    command_discard(end);
    return error->status;
}

rp_status result_make_lost(rp_buffer *buffer, int64_t number, const char *text, rp_error *error)
{
    char line[sizeof((rp_error *)NULL)->text + 64];
    int length = snprintf(line, sizeof line, "farm: command %" PRId64 ": %s\n", number, text);
    struct result *result = result_begin(buffer, number, 0, (size_t)length);
    if (result == NULL)
        return no_memory(number, error);
    result->exit_value = -1;
    memcpy(result + 1, line, (size_t)length);
    return RP_OK;
}

rp_status result_print(const struct result *result, rp_error *error)
{
    const char *bytes = (const char *)(result + 1);
    int code = rpi_write_all(STDOUT_FILENO, bytes, result->output_bytes);
    if (code != 0)
        return rpi_error_set(error, RP_ERR_IO, "cannot write to standard output: %s",
                             strerror(code));
    rpi_write_all(STDERR_FILENO, bytes + result->output_bytes, result->error_bytes);
    return RP_OK;
}
