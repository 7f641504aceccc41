#include "base/draft.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rp_status rpi_cannot_write(rp_error *error, const char *path, int code)
{
    return rpi_error_set(error, RP_ERR_IO, "cannot write '%s': %s", path, strerror(code));
}

/* The whole path of a file that need not be there, but its directory must. 0, or an errno. */
static int whole_path(const char *path, char whole[DRAFT_NAME_BYTES])
{
    char directory[PATH_MAX] = "./", resolved[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (strlen(path) >= PATH_MAX)
        return ENAMETOOLONG;
    if (*name == '\0')
        return EISDIR;
    if (slash != NULL)
        snprintf(directory, sizeof directory, "%.*s", (int)(name - path), path);
    if (realpath(directory, resolved) == NULL)
        return errno;
    if (snprintf(whole, DRAFT_NAME_BYTES, "%s/%s", resolved, name) >= PATH_MAX)
        return ENAMETOOLONG;
    return 0;
}

/* Where a path leads: through a symbolic link, which renaming would replace. */
static int destination(const char *path, char whole[DRAFT_NAME_BYTES])
{
    char resolved[PATH_MAX];
    struct stat status;
    if (realpath(path, resolved) == NULL)
        return whole_path(path, whole);
    snprintf(whole, DRAFT_NAME_BYTES, "%s", resolved);
    if (stat(resolved, &status) != 0)
        return errno;
    return S_ISDIR(status.st_mode) ? EISDIR : 0;
}

/* A device or a pipe cannot be renamed into being. */
static bool is_no_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* An empty file of a name that is new, with the rights of one that is created by its name. */
static int make_temporary(char *template)
{
    int file = mkstemp(template);
    if (file < 0)
        return errno;
    mode_t mask = umask(0);
    umask(mask);
    fchmod(file, 0666 & ~mask);
    return close(file) == 0 ? 0 : errno;
}

rp_status rpi_draft_make(struct draft *draft, const char *path, rp_error *error)
{
    *draft = (struct draft){.path = ""};
    int code = destination(path, draft->path);
    if (code == 0 && is_no_file(draft->path))
        return rpi_error_set(error, RP_ERR_IO, "cannot write '%s': it is no ordinary file", path);
    if (code == 0 && access(draft->path, W_OK) != 0 && errno != ENOENT)
        code = errno;
    if (code == 0) {
        snprintf(draft->temporary, sizeof draft->temporary, "%.4096s.XXXXXX", draft->path);
        code = make_temporary(draft->temporary);
    }
    if (code == 0)
        return RP_OK;
    *draft = (struct draft){.path = ""};
    return rpi_cannot_write(error, path, code);
}

rp_status rpi_draft_publish(struct draft *draft, rp_error *error)
{
    if (rename(draft->temporary, draft->path) != 0)
        return rpi_cannot_write(error, draft->path, errno);
    *draft = (struct draft){.path = ""};
    return RP_OK;
}

void rpi_draft_remove(struct draft *draft)
{
    if (draft->temporary[0] != '\0')
        unlink(draft->temporary);
    *draft = (struct draft){.path = ""};
}
