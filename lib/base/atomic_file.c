#include "base/atomic_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_LINKS = 40, /* the limit of the kernel */
    SUFFIX_BYTES = sizeof ".XXXXXX" - 1
};

rp_status rpi_cannot_write(rp_error *error, const char *path, int code)
{
    return rpi_error_set(error, RP_ERR_IO, "cannot write '%.400s': %s", path, strerror(code));
}

/* ---- resolving paths ------------------------------------------------------------------------- */

/* The directory of a path, with a trailing slash; "./" for a bare name. */
static void atomic_file_directory(const char *path, char directory[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int length = slash != NULL ? (int)(slash + 1 - path) : 2;
    snprintf(directory, PATH_MAX, "%.*s", length, slash != NULL ? path : "./");
}

/* The absolute path of a file that need not exist, in a directory that does. Returns 0 or an
 * errno. */
static int atomic_file_absolute_path(const char *path, char whole[ATOMIC_FILE_NAME_BYTES])
{
    char directory[PATH_MAX], resolved[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (strlen(path) >= PATH_MAX)
        return ENAMETOOLONG;
    if (*name == '\0')
        return EISDIR;
    atomic_file_directory(path, directory);
    if (realpath(directory, resolved) == NULL)
        return errno;
    const char *joint = resolved[1] != '\0' ? "/" : "";
    int length = snprintf(whole, ATOMIC_FILE_NAME_BYTES, "%s%s%s", resolved, joint, name);
    return length >= PATH_MAX ? ENAMETOOLONG : 0;
}

/* Resolves the path of a file that does not exist, which may be a dangling symbolic link. */
static int atomic_file_resolve_new(const char *path, char whole[ATOMIC_FILE_NAME_BYTES])
{
    char target[PATH_MAX], next[2 * PATH_MAX];
    int code = atomic_file_absolute_path(path, whole);
    for (int links = 0; code == 0; links++) {
        ssize_t length = readlink(whole, target, sizeof target - 1);
        if (length < 0)
            return errno == EINVAL || errno == ENOENT ? 0 : errno;
        if (links == MOST_LINKS)
            return ELOOP;
        target[length] = '\0';
        atomic_file_directory(whole, next);
        if (target[0] == '/')
            next[0] = '\0';
        strcat(next, target);
        code = atomic_file_absolute_path(next, whole);
    }
    return code;
}

/* Resolves the path of a file that exists. Links in /proc may lead to files without a name; then
 * the final component stays. */
static int atomic_file_resolve_existing(const char *path, char whole[ATOMIC_FILE_NAME_BYTES])
{
    char resolved[PATH_MAX];
    if (realpath(path, resolved) != NULL) {
        snprintf(whole, ATOMIC_FILE_NAME_BYTES, "%s", resolved);
        return 0;
    }
    return atomic_file_absolute_path(path, whole);
}

/* ---- is renaming possible? ------------------------------------------------------------------- */

/* The kernel's number of the mount that a path is on; or -1. */
static int64_t atomic_file_mount_id(const char *path)
{
    char name[64], line[128];
    int64_t mount = -1;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0)
        return -1;
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", file);
    FILE *about = fopen(name, "re");
    while (about != NULL && fgets(line, sizeof line, about) != NULL)
        if (sscanf(line, "mnt_id: %" SCNd64, &mount) == 1)
            break;
    if (about != NULL)
        fclose(about);
    close(file);
    return mount;
}

/* rename() fails with EBUSY for a mount point. */
static bool atomic_file_is_mount_point(const char *path)
{
    char directory[PATH_MAX];
    atomic_file_directory(path, directory);
    return atomic_file_mount_id(path) != atomic_file_mount_id(directory);
}

/* In a sticky directory, such as /tmp, only the owner of a file or of the directory may replace
 * it. */
static bool atomic_file_is_sticky(const char *path, const struct stat *about)
{
    char directory[PATH_MAX];
    struct stat above;
    atomic_file_directory(path, directory);
    return stat(directory, &above) == 0 && (above.st_mode & S_ISVTX) != 0 && geteuid() != 0 &&
           about->st_uid != geteuid() && above.st_uid != geteuid();
}

/* STDOUT_FILENO or STDERR_FILENO if it is open on this file, or -1. The shell, which opened it, may
 * go on writing to it. */
static int atomic_file_standard_descriptor(const struct stat *about)
{
    struct stat standard;
    for (int file = STDOUT_FILENO; file <= STDERR_FILENO; file++)
        if (fstat(file, &standard) == 0 && standard.st_dev == about->st_dev &&
            standard.st_ino == about->st_ino)
            return file;
    return -1;
}

static bool atomic_file_needs_overwrite(const char *path, const struct stat *about)
{
    return !S_ISREG(about->st_mode) || atomic_file_standard_descriptor(about) >= 0 ||
           atomic_file_is_mount_point(path) || atomic_file_is_sticky(path, about);
}

/* Only regular files are opened: opening a pipe has effects on its readers. Returns 0 or an
 * errno. */
static int atomic_file_check_access(const char *path, const struct stat *about)
{
    if (S_ISDIR(about->st_mode))
        return EISDIR;
    if (!S_ISREG(about->st_mode))
        return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0 : errno;
    int file = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return errno;
    close(file);
    return 0;
}

/* ---- creating, publishing, removing ---------------------------------------------------------- */

/* Chooses a random name in the same directory, cutting off the end of a name that is too long. */
static int atomic_file_choose_name(struct atomic_file *atomic_file)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[SUFFIX_BYTES - 1];
    const char *name = strrchr(atomic_file->path, '/') + 1;
    int length = (int)strnlen(name, NAME_MAX - SUFFIX_BYTES) + (int)(name - atomic_file->path);
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return EAGAIN;
    length = snprintf(atomic_file->temporary, ATOMIC_FILE_NAME_BYTES, "%.*s.", length,
                      atomic_file->path);
    for (size_t i = 0; i < sizeof random; i++)
        atomic_file->temporary[length++] = digits[random[i] % 32];
    atomic_file->temporary[length] = '\0';
    return 0;
}

/* Copies owner and mode. If the group cannot be kept, the file's new group gets only the
 * permissions of others, so that it cannot read what only the old group could. */
static void atomic_file_copy_mode(int file, const struct stat *about, mode_t *mode)
{
    struct stat mine;
    *mode = about->st_mode & 07777;
    if (fchown(file, about->st_uid, about->st_gid) != 0 &&
        fchown(file, (uid_t)-1, about->st_gid) != 0 && fstat(file, &mine) == 0 &&
        mine.st_gid != about->st_gid)
        *mode &= (mode_t)(~070u | (*mode & 07u) << 3);
    fchmod(file, *mode | S_IRUSR | S_IWUSR);
}

static int atomic_file_create(struct atomic_file *atomic_file, const struct stat *replaced)
{
    mode_t permissions = replaced != NULL ? 0600 : 0666;
    int file = -1, code = 0;
    while (file < 0) {
        code = atomic_file_choose_name(atomic_file);
        if (code == 0)
            file =
                open(atomic_file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
        if (file < 0 && (code != 0 || errno != EEXIST)) {
            atomic_file->temporary[0] = '\0';
            return code != 0 ? code : errno;
        }
    }
    rpi_temporary_files_add(atomic_file->temporary);
    if (replaced != NULL)
        atomic_file_copy_mode(file, replaced, &atomic_file->mode);
    close(file);
    return 0;
}

static int atomic_file_begin(struct atomic_file *atomic_file, const char *path)
{
    struct stat about;
    atomic_file->replaces = stat(path, &about) == 0;
    int code = atomic_file->replaces ? atomic_file_resolve_existing(path, atomic_file->path)
                                     : atomic_file_resolve_new(path, atomic_file->path);
    if (code == 0 && atomic_file->replaces)
        code = atomic_file_check_access(atomic_file->path, &about);
    if (code != 0 ||
        (atomic_file->replaces && atomic_file_needs_overwrite(atomic_file->path, &about)))
        return code;
    code = atomic_file_create(atomic_file, atomic_file->replaces ? &about : NULL);
    bool closed = code == EACCES || code == EPERM || code == EROFS;
    return closed && atomic_file->replaces ? 0 : code;
}

rp_status rpi_atomic_file_make(struct atomic_file *atomic_file, const char *path, rp_error *error)
{
    *atomic_file = (struct atomic_file){.path = ""};
    int code = atomic_file_begin(atomic_file, path);
    if (code == 0)
        return RP_OK;
    *atomic_file = (struct atomic_file){.path = ""};
    return rpi_cannot_write(error, path, code);
}

/* A file that is written in place has not been opened yet, so it needs no cleanup. */
rp_status rpi_atomic_file_check(const char *path, rp_error *error)
{
    struct atomic_file atomic_file;
    rp_status status = rpi_atomic_file_make(&atomic_file, path, error);
    if (atomic_file.temporary[0] != '\0')
        rpi_atomic_file_remove(&atomic_file);
    return status;
}

const char *rpi_atomic_file_name(const struct atomic_file *atomic_file)
{
    return atomic_file->temporary[0] != '\0' ? atomic_file->temporary : atomic_file->path;
}

/* Standard output is duplicated, so that writing goes on at the offset that other processes
 * share. */
int rpi_atomic_file_open(const struct atomic_file *atomic_file)
{
    struct stat about;
    int standard = -1;
    if (atomic_file->temporary[0] == '\0' && stat(atomic_file->path, &about) == 0)
        standard = atomic_file_standard_descriptor(&about);
    if (standard >= 0)
        return fcntl(standard, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return open(rpi_atomic_file_name(atomic_file), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
}

bool rpi_atomic_file_has_offsets(const struct atomic_file *atomic_file)
{
    struct stat about;
    if (atomic_file->temporary[0] != '\0')
        return true;
    if (stat(atomic_file->path, &about) != 0 || atomic_file_standard_descriptor(&about) >= 0)
        return false;
    int file = open(atomic_file->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool seeks = file >= 0 && lseek(file, 0, SEEK_CUR) >= 0;
    if (file >= 0)
        close(file);
    return seeks;
}

rp_status rpi_atomic_file_publish(struct atomic_file *atomic_file, rp_error *error)
{
    if (atomic_file->temporary[0] == '\0') {
        *atomic_file = (struct atomic_file){.path = ""};
        return RP_OK;
    }
    if (atomic_file->replaces && (atomic_file->mode & 0600) != 0600)
        chmod(atomic_file->temporary, atomic_file->mode);
    rp_status status = RP_OK;
    if (rename(atomic_file->temporary, atomic_file->path) != 0)
        status =
            rpi_error_set(error, RP_ERR_IO, "cannot write '%.200s': %s; the result is in '%.200s'",
                          atomic_file->path, strerror(errno), atomic_file->temporary);
    rpi_temporary_files_forget(atomic_file->temporary);
    *atomic_file = (struct atomic_file){.path = ""};
    return status;
}

void rpi_atomic_file_remove(struct atomic_file *atomic_file)
{
    struct stat about;
    if (atomic_file->temporary[0] != '\0') {
        unlink(atomic_file->temporary);
        rpi_temporary_files_forget(atomic_file->temporary);
    } else if (atomic_file->path[0] != '\0' && stat(atomic_file->path, &about) == 0 &&
               S_ISREG(about.st_mode) && atomic_file_standard_descriptor(&about) < 0) {
        truncate(atomic_file->path, 0);
    }
    *atomic_file = (struct atomic_file){.path = ""};
}
