#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path, int code, char problem[OUTPUT_PROBLEM_SIZE])
{
    snprintf(problem, OUTPUT_PROBLEM_SIZE, "cannot write '%.300s': %s", path, strerror(code));
    return false;
}

static void forget(struct output *output)
{
    free(output->path);
    free(output->temporary);
    *output = (struct output){.file = NULL};
}

/* Where a name leads: through a symbolic link, which renaming would replace. */
static char *destination(const char *path)
{
    char *resolved = realpath(path, NULL);
    return resolved != NULL ? resolved : strdup(path);
}

/* A new file beside the final one, with the rights that creating it there would give. */
static bool open_temporary(struct output *output)
{
    if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
        output->temporary = NULL;
        return false;
    }
    int file = mkostemp(output->temporary, O_CLOEXEC);
    if (file < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return false;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(file, 0666 & ~mask);
    output->file = fdopen(file, "wb");
    return true;
}

/* The kind of file that is there, or that of an ordinary file if none is. */
static mode_t kind_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG;
}

bool output_begin(struct output *output, const char *path, char problem[OUTPUT_PROBLEM_SIZE])
{
    *output = (struct output){.path = destination(path)};
    errno = ENOMEM;
    if (output->path != NULL && kind_of(path) != S_IFREG)
        output->file = fopen(path, "wb");
    else if (output->path != NULL)
        open_temporary(output);
    if (output->file != NULL)
        return true;
    int code = errno;
    if (output->temporary != NULL)
        unlink(output->temporary);
    forget(output);
    return complain(path, code, problem);
}

/* An error may show at the last moment only. One that a write has met already is still in errno. */
static int close_file(struct output *output)
{
    int code = 0;
    if (ferror(output->file) || fflush(output->file) != 0)
        code = errno != 0 ? errno : EIO;
    if (fclose(output->file) != 0 && code == 0)
        code = errno;
    return code;
}

bool output_end(struct output *output, bool good, char problem[OUTPUT_PROBLEM_SIZE])
{
    int code = close_file(output);
    if (good && code == 0 && output->temporary != NULL &&
        rename(output->temporary, output->path) != 0)
        code = errno;
    if (output->temporary != NULL && (!good || code != 0))
        unlink(output->temporary);
    if (good && code != 0)
        complain(output->path, code, problem);
    forget(output);
    return good && code == 0;
}

/* Opening a pipe, or whatever else is no file, would do something to it. */
bool output_possible(const char *path, char problem[OUTPUT_PROBLEM_SIZE])
{
    struct output output;
    mode_t kind = kind_of(path);
    if (kind != S_IFREG && kind != S_IFDIR)
        return access(path, W_OK) == 0 || complain(path, errno, problem);
    return output_begin(&output, path, problem) && !output_end(&output, false, problem);
}
