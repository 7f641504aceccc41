#include "checkpoint/directory.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/file_io.h"
#include "base/hash.h"
#include "base/message.h"
#include "checkpoint/journal_index.h"
#include "checkpoint/manifest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void rpi_checkpoint_warn(const char *why)
{
    rpi_message("rankpool: the work is not protected: %s\n", why);
}

void rpi_checkpoint_warn_refused(const char *directory, int64_t entries)
{
    rpi_message("rankpool: entries of the journals in '%s' that do not match their jobs are "
                "ignored, and their items computed again: %" PRId64 "\n",
                directory, entries);
}

/* ---- configuration --------------------------------------------------------------------------- */

static rp_status directory_read_resume(struct checkpoint_directory *directory, rp_resume resume,
                                       rp_error *error)
{
    const char *text = rpi_environment_text("RANKPOOL_RESUME");
    if (resume == RP_RESUME_NOTHING && text != NULL) {
        if (strcmp(text, "1") == 0)
            resume = RP_RESUME;
        else if (strcmp(text, "force") == 0)
            resume = RP_RESUME_FORCED;
        else if (strcmp(text, "0") != 0)
            return rpi_error_set(error, RP_ERR_ARGUMENT,
                                 "RANKPOOL_RESUME=\"%s\": give 0, 1 or force", text);
    }
    directory->resumes = resume != RP_RESUME_NOTHING;
    directory->forced = resume == RP_RESUME_FORCED;
    return RP_OK;
}

/* Returns the path of the directory; NULL: no checkpoint, or an error. */
static const char *directory_read_config(struct checkpoint_directory *directory,
                                         const rp_config *config, rp_error *error)
{
    const char *path = config->checkpoint != NULL ? config->checkpoint
                                                  : rpi_environment_text("RANKPOOL_CHECKPOINT");
    double interval = config->checkpoint_seconds;
    if (config->resume < RP_RESUME_NOTHING || config->resume > RP_RESUME_FORCED)
        rpi_error_set(error, RP_ERR_ARGUMENT, "config.resume is %d: give one of rp_resume",
                      (int)config->resume);
    else if (!isfinite(interval) || interval < 0)
        rpi_error_set(error, RP_ERR_ARGUMENT, "config.checkpoint_seconds is %g: give 0 or more",
                      interval);
    else if (path != NULL && path[0] == '\0')
        rpi_error_set(error, RP_ERR_ARGUMENT, "config.checkpoint is empty: name a directory");
    else if (interval == 0)
        rpi_environment_seconds("RANKPOOL_CHECKPOINT_SECONDS", &interval, error);
    directory->interval = interval;
    return error->status == RP_OK ? path : NULL;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* Creates the directory unless it exists. False: it cannot be used, and errno says why. */
static bool directory_make(struct checkpoint_directory *directory, const char *path)
{
    char whole[PATH_MAX];
    struct stat about;
    directory->made = mkdir(path, 0777) == 0;
    if ((!directory->made && errno != EEXIST) || realpath(path, whole) == NULL ||
        stat(whole, &about) != 0)
        return false;
    errno = ENOTDIR;
    if (S_ISDIR(about.st_mode))
        directory->path = strdup(whole);
    return directory->path != NULL;
}

static bool directory_lock_path(const char *directory, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/lock", directory) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* The lock must be a regular file: no symbolic link, device or FIFO. */
static int directory_open_lock(const char *path)
{
    struct stat about;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    if (file < 0 || (fstat(file, &about) == 0 && S_ISREG(about.st_mode)))
        return file;
    close(file);
    errno = EEXIST;
    return -1;
}

/* Admits one program at a time. The kernel releases the lock when the process ends. */
static rp_status directory_lock(struct checkpoint_directory *directory, rp_error *error)
{
    char path[PATH_MAX];
    directory->lock = directory_lock_path(directory->path, path) ? directory_open_lock(path) : -1;
    if (directory->lock < 0)
        return rpi_error_set(error, RP_ERR_IO, "cannot write into '%s': %s", directory->path,
                             strerror(errno));
    if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' is in use by another program",
                             directory->path);
    return RP_OK;
}

static struct manifest manifest_of_this_program(const rp_config *config, rp_error *error)
{
    struct manifest own = {.arguments = config->fingerprint};
    const char *name = program_invocation_short_name;
    snprintf(own.program, sizeof own.program, "%.63s", name[0] != '\0' ? name : "?");
    for (char *at = own.program; *at != '\0'; at++) /* keeps the manifest line-based */
        *at = iscntrl((unsigned char)*at) ? '?' : *at;
    rpi_hash_file("/proc/self/exe", &own.executable, error);
    return own;
}

/* Checks that the checkpoint is of the same program, arguments and build. */
static rp_status manifest_compare(const char *path, const struct manifest *own,
                                  const struct manifest *found, rp_error *error)
{
    const char *advice = "resume by force, or use another directory";
    if (strcmp(found->program, own->program) != 0)
        rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' holds the work of another program, %s: %s",
                      path, found->program, advice);
    else if (found->arguments != own->arguments)
        rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' holds the work of %s with other arguments: %s",
                      path, own->program, advice);
    else if (found->executable != own->executable)
        rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' holds the work of another build of %s: %s",
                      path, own->program, advice);
    return error->status;
}

/* Unless the program is resumed, the directory must hold no journals. */
static rp_status directory_check_unused(const char *path, rp_error *error)
{
    bool used;
    if (rpi_journals_find(path, &used, error) != RP_OK || !used)
        return error->status;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "'%s' holds unfinished work: resume it, or remove the directory", path);
}

/* Turns an I/O error into a warning: the program runs without a checkpoint. */
static rp_status directory_warn_io_error(rp_error *error)
{
    if (error->status == RP_ERR_IO) {
        rpi_checkpoint_warn(error->text);
        rpi_error_clear(error);
    }
    return error->status;
}

static rp_status directory_take_over(struct checkpoint_directory *directory,
                                     const rp_config *config, rp_error *error)
{
    struct manifest found, own = manifest_of_this_program(config, error);
    bool there = rpi_manifest_read(&found, directory->path);
    if (error->status != RP_OK)
        return error->status;
    if (!directory->resumes && directory_check_unused(directory->path, error) != RP_OK)
        return error->status;
    if (directory->resumes && !directory->forced && there &&
        manifest_compare(directory->path, &own, &found, error) != RP_OK)
        return error->status;
    directory->made = directory->made || (there && found.made);
    own.made = directory->made;
    directory->fingerprint = rp_fingerprint(own.arguments, &own.executable, sizeof own.executable);
    /* Without a lock, directory_lock() has failed and the warning was printed. */
    if (directory->lock < 0)
        return RP_OK;
    rpi_manifest_write(&own, directory->path, error);
    return directory_warn_io_error(error);
}

rp_status rpi_checkpoint_directory_open(struct checkpoint_directory *directory,
                                        const rp_config *config, rp_error *error)
{
    *directory = (struct checkpoint_directory){.lock = -1};
    const char *path = directory_read_config(directory, config, error);
    if (error->status != RP_OK || path == NULL)
        return error->status;
    if (directory_read_resume(directory, config->resume, error) != RP_OK)
        return error->status;
    if (!directory_make(directory, path)) {
        rpi_error_set(error, RP_ERR_IO, "cannot use the directory '%s': %s", path, strerror(errno));
        return directory_warn_io_error(error);
    }
    directory_lock(directory, error);
    return directory_warn_io_error(error) == RP_OK ? directory_take_over(directory, config, error)
                                                   : error->status;
}

void rpi_checkpoint_directory_remove(const char *path, bool made)
{
    char lock[PATH_MAX];
    rpi_journals_remove(path);
    rpi_manifest_remove(path);
    if (directory_lock_path(path, lock))
        unlink(lock);
    if (made)
        rmdir(path);
}
