#include "commands/job_log.h"

#include "base/error.h"
#include "base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char header[] =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

enum {
    COLUMN_NUMBER = 0,
    COLUMN_EXIT_VALUE = 6,
    COLUMN_SIGNAL = 7,
    COLUMN_COMMAND = 8,
    COLUMNS = 9
};

static rp_status io_error(const struct job_log *log, const char *what, int code, rp_error *error)
{
    return rpi_error_set(error, RP_ERR_IO, "cannot %s the job log '%s': %s", what, log->path,
                         strerror(code));
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t command_fingerprint(const char *logged, size_t length)
{
    uint64_t fingerprint = rp_fingerprint(0, logged, length);
    return fingerprint == 0 ? 1 : fingerprint;
}

static bool note_success(struct job_log *log, size_t number, const char *command, size_t length)
{
    if (number > log->count) {
        size_t count = number + number / 2 + 1024;
        uint64_t *more = realloc(log->succeeded, count * sizeof *more);
        if (more == NULL)
            return false;
        memset(more + log->count, 0, (count - log->count) * sizeof *more);
        log->succeeded = more;
        log->count = count;
    }
    log->succeeded[number - 1] = command_fingerprint(command, length);
    return true;
}

/* Finds the columns of a line. The last one extends to its end. */
static bool find_columns(const char *line, const char *end, const char *column[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        column[i] = line;
        if (i == COLUMNS - 1)
            break;
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (tab == NULL)
            return false;
        line = tab + 1;
    }
    return true;
}

static bool column_number(const char *column, int64_t least, int64_t most, int64_t *number)
{
    char *end;
    errno = 0;
    long long value = strtoll(column, &end, 10);
    *number = value;
    return errno == 0 && end > column && *end == '\t' && value >= least && value <= most;
}

/* Reads a line of the log, without its newline. */
static rp_status read_line(struct job_log *log, const char *line, size_t length, rp_error *error)
{
    const int64_t most_commands = INT64_C(1) << 36;
    const char *column[COLUMNS];
    int64_t number, exit_value, signal;
    if (!find_columns(line, line + length, column) ||
        !column_number(column[COLUMN_NUMBER], 1, most_commands, &number) ||
        !column_number(column[COLUMN_EXIT_VALUE], -1, 255, &exit_value) ||
        !column_number(column[COLUMN_SIGNAL], 0, 255, &signal))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "'%s' is not a job log: it has the line '%.60s'", log->path, line);
    const char *command = column[COLUMN_COMMAND];
    bool done = exit_value != 0 || signal != 0 ||
                note_success(log, (size_t)number, command, (size_t)(line + length - command));
    return done ? RP_OK : rpi_error_set(error, RP_ERR_MEMORY, "no memory for the job log");
}

/* Reads all whole lines. `whole` is their length. */
static rp_status read_lines(struct job_log *log, FILE *stream, off_t *whole, rp_error *error)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool first = true;
    rp_status status = RP_OK;
    *whole = 0;
    while (status == RP_OK && (length = getline(&line, &capacity, stream)) > 0 &&
           line[length - 1] == '\n') {
        *whole += length;
        if (first && strcmp(line, header) != 0)
            status = rpi_error_set(error, RP_ERR_ARGUMENT,
                                   "'%s' is not a job log: its first line "
                                   "is another",
                                   log->path);
        line[length - 1] = '\0';
        if (!first && status == RP_OK)
            status = read_line(log, line, (size_t)length - 1, error);
        first = false;
    }
    if (status == RP_OK && first && length > 0 && strncmp(line, header, (size_t)length) != 0)
        status = rpi_error_set(error, RP_ERR_ARGUMENT,
                               "'%s' is not a job log: its first line is another", log->path);
    free(line);
    if (status == RP_OK && ferror(stream))
        status = io_error(log, "read", errno, error);
    return status;
}

/* Reads the log, and removes the rest of a line whose end was not written. */
static rp_status read_log(struct job_log *log, off_t *whole, rp_error *error)
{
    int copy = dup(log->file);
    FILE *stream = copy >= 0 ? fdopen(copy, "r") : NULL;
    if (stream == NULL)
        return io_error(log, "read", errno, error);
    rp_status status = read_lines(log, stream, whole, error);
    fclose(stream);
    if (status == RP_OK && ftruncate(log->file, *whole) != 0)
        status = io_error(log, "write", errno, error);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

rp_status job_log_open(struct job_log *log, const char *path, bool resume, rp_error *error)
{
    off_t whole = 0;
    *log = (struct job_log){.path = path, .file = -1};
    rpi_error_clear(error);
    if (path == NULL)
        return RP_OK;
    log->line = rp_buffer_make();
    log->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log->line == NULL || log->file < 0)
        return io_error(log, "open", errno, error);
    if (flock(log->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "another farm writes the job log '%s'", path);
    if (resume && read_log(log, &whole, error) != RP_OK)
        return error->status;
    if (whole > 0)
        return RP_OK;
    if (!resume && ftruncate(log->file, 0) != 0 && errno != EINVAL)
        return io_error(log, "write", errno, error);
    int code = rpi_write_all(log->file, header, sizeof header - 1);
    return code == 0 ? RP_OK : io_error(log, "write", code, error);
}

/* Copies a command as it is logged: a newline becomes a null byte, as in GNU parallel's log. */
static void command_copy(char *to, const char *command, size_t length)
{
    memcpy(to, command, length);
    for (char *at = to; (at = memchr(at, '\n', (size_t)(to + length - at))) != NULL;)
        *at = '\0';
}

rp_status job_log_find(struct job_log *log, int64_t number, const char *command, bool *succeeded,
                       rp_error *error)
{
    size_t length = strlen(command);
    *succeeded = number <= (int64_t)log->count && log->succeeded[number - 1] != 0;
    if (!*succeeded)
        return RP_OK;
    char *logged = rp_buffer_resize(log->line, length + 1);
    if (logged == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a command");
    command_copy(logged, command, length);
    if (log->succeeded[number - 1] == command_fingerprint(logged, length))
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "command %" PRId64 " is not the one in the job log '%s': resume with the "
                         "same commands, or begin another log",
                         number, log->path);
}

rp_status job_log_add(struct job_log *log, const struct job_log_entry *entry, rp_error *error)
{
    char columns[512];
    size_t length = strlen(entry->command);
    if (log->path == NULL)
        return RP_OK;
    size_t head = (size_t)snprintf(columns, sizeof columns,
                                   "%" PRId64 "\t%.200s\t%.3f\t%10.3f\t0\t%zu\t%d\t%d\t",
                                   entry->number, entry->host, entry->begun, entry->runtime,
                                   entry->output_bytes, entry->exit_value, entry->signal);
    char *line = rp_buffer_resize(log->line, head + length + 1);
    if (line == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a line of the job log");
    memcpy(line, columns, head);
    command_copy(line + head, entry->command, length);
    line[head + length] = '\n';
    int code = rpi_write_all(log->file, line, head + length + 1);
    return code == 0 ? RP_OK : io_error(log, "write", code, error);
}

void job_log_close(struct job_log *log)
{
    if (log->file >= 0)
        close(log->file);
    free(log->succeeded);
    rp_buffer_free(&log->line);
}
