#include "checkpoint/directory.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/file_io.h"
#include "base/hash.h"
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
    char text[sizeof((rp_error *)NULL)->text + 64];
    int length = snprintf(text, sizeof text, "rankpool: the work is not protected: %s\n", why);
    rpi_write_all(STDERR_FILENO, text, (size_t)length);
}

void rpi_checkpoint_warn_refused(const char *directory, int64_t entries)
{
    char text[PATH_MAX + 160];
    int length =
        snprintf(text, sizeof text,
                 "rankpool: entries of the journals in '%s' that do not fit their jobs are "
                 "left out, and their items computed again: %" PRId64 "\n",
                 directory, entries);
    rpi_write_all(STDERR_FILENO, text, (size_t)length);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static rp_status read_resume(struct checkpoint_directory *directory, rp_resume resume,
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

/* The path that is asked for, or NULL. */
static const char *read_config(struct checkpoint_directory *directory, const rp_config *config,
                               rp_error *error)
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

/* False: it is not there, and errno says why. */
static bool make(struct checkpoint_directory *directory, const char *path)
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

static bool lock_name(const char *directory, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/lock", directory) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A lock is an empty file of ours: no link that leads elsewhere, no device, no FIFO. */
static int open_lock(const char *path)
{
    struct stat about;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    if (file < 0 || (fstat(file, &about) == 0 && S_ISREG(about.st_mode)))
        return file;
    close(file);
    errno = EEXIST;
    return -1;
}

/* One program at a time. The lock goes with its process, however that ends. */
static rp_status take_lock(struct checkpoint_directory *directory, rp_error *error)
{
    char path[PATH_MAX];
    directory->lock = lock_name(directory->path, path) ? open_lock(path) : -1;
    if (directory->lock < 0)
        return rpi_error_set(error, RP_ERR_IO, "cannot write into '%s': %s", directory->path,
                             strerror(errno));
    if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "'%s' is in use: another program keeps its work there",
                             directory->path);
    return RP_OK;
}

static struct manifest own_manifest(const rp_config *config, rp_error *error)
{
    struct manifest own = {.arguments = config->fingerprint};
    const char *name = program_invocation_short_name;
    snprintf(own.program, sizeof own.program, "%.63s", name[0] != '\0' ? name : "?");
    for (char *at = own.program; *at != '\0'; at++) /* it stands in a line of the manifest */
        *at = iscntrl((unsigned char)*at) ? '?' : *at;
    rpi_hash_file("/proc/self/exe", &own.executable, error);
    return own;
}

/* Is this the work of the same program, with the same arguments? */
static rp_status compare(const char *path, const struct manifest *own, const struct manifest *found,
                         rp_error *error)
{
    const char *advice = "resume it by force, or name another directory";
    if (strcmp(found->program, own->program) != 0)
        rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' keeps the work of another program, %s: %s",
                      path, found->program, advice);
    else if (found->arguments != own->arguments)
        rpi_error_set(error, RP_ERR_ARGUMENT, "'%s' keeps the work of %s with other arguments: %s",
                      path, own->program, advice);
    else if (found->executable != own->executable)
        rpi_error_set(error, RP_ERR_ARGUMENT,
                      "'%s' keeps the work of %s as it was before it was built anew: %s", path,
                      own->program, advice);
    return error->status;
}

/* Only what is resumed may be there already. */
static rp_status check_unused(const char *path, rp_error *error)
{
    struct journal_index journal_index;
    if (rpi_journal_index_read(&journal_index, path, 0, true, error) != RP_OK)
        return error->status;
    bool unused = journal_index.last_run == 0;
    rpi_journal_index_free(&journal_index);
    if (unused)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "'%s' keeps unfinished work: resume it, or remove the directory", path);
}

/* What cannot be written is told, and no reason not to work. */
static rp_status tolerate(rp_error *error)
{
    if (error->status == RP_ERR_IO) {
        rpi_checkpoint_warn(error->text);
        rpi_error_clear(error);
    }
    return error->status;
}

static rp_status take_over(struct checkpoint_directory *directory, const rp_config *config,
                           rp_error *error)
{
    struct manifest found, own = own_manifest(config, error);
    bool there = rpi_manifest_read(&found, directory->path);
    if (error->status != RP_OK)
        return error->status;
    if (!directory->resumes && check_unused(directory->path, error) != RP_OK)
        return error->status;
    if (directory->resumes && !directory->forced && there &&
        compare(directory->path, &own, &found, error) != RP_OK)
        return error->status;
    directory->made = directory->made || (there && found.made);
    own.made = directory->made;
    directory->fingerprint = rp_fingerprint(own.arguments, &own.executable, sizeof own.executable);
    /* Without a lock there was a word about what cannot be written already. */
    if (directory->lock < 0)
        return RP_OK;
    rpi_manifest_write(&own, directory->path, error);
    return tolerate(error);
}

rp_status rpi_checkpoint_directory_open(struct checkpoint_directory *directory,
                                        const rp_config *config, rp_error *error)
{
    *directory = (struct checkpoint_directory){.lock = -1};
    const char *path = read_config(directory, config, error);
    if (error->status != RP_OK || path == NULL)
        return error->status;
    if (read_resume(directory, config->resume, error) != RP_OK)
        return error->status;
    if (!make(directory, path)) {
        rpi_error_set(error, RP_ERR_IO, "cannot keep it in '%s': %s", path, strerror(errno));
        return tolerate(error);
    }
    take_lock(directory, error);
    return tolerate(error) == RP_OK ? take_over(directory, config, error) : error->status;
}

void rpi_checkpoint_directory_remove(const char *path, bool made)
{
    char lock[PATH_MAX];
    rpi_journals_remove(path);
    rpi_manifest_remove(path);
    if (lock_name(path, lock))
        unlink(lock);
    if (made)
        rmdir(path);
}
