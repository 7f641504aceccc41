#include "launch/scratch.h"

#include "base/environment.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    MOST_OPEN_DIRECTORIES = 16
};

/* MPI's own start fails where this directory is full: in a container, say, with a tiny /dev/shm. */
static bool has_room(const char *directory)
{
    const unsigned long long enough = 32ULL << 20;
    struct statvfs status;
    return access(directory, W_OK | X_OK) == 0 && statvfs(directory, &status) == 0 &&
           (unsigned long long)status.f_bavail * status.f_frsize >= enough;
}

static const char *place(void)
{
    static const char shared_memory[] = "/dev/shm";
    const char *temporary = rpi_environment_text("TMPDIR");
    if (has_room(shared_memory))
        return shared_memory;
    return temporary != NULL ? temporary : "/tmp";
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    remove(path);
    return 0;
}

void rpi_scratch_remove(const char *path)
{
    if (path[0] != '\0')
        nftw(path, remove_entry, MOST_OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}

/* Locks a directory for as long as this process lives. Returns a file, or -1 if another has the
 * lock or has removed the directory. */
static int lock_directory(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return -1;
    struct stat status;
    if (flock(directory, LOCK_EX | LOCK_NB) == 0 && fstat(directory, &status) == 0 &&
        status.st_nlink > 0 && status.st_uid == geteuid())
        return directory;
    close(directory);
    return -1;
}

/* Removes what is left of supervisors that were killed: the kernel has undone their locks. */
static void remove_abandoned(const char *pattern)
{
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int directory = lock_directory(found.gl_pathv[i]);
        if (directory < 0)
            continue;
        rpi_scratch_remove(found.gl_pathv[i]);
        close(directory);
    }
    globfree(&found);
}

void rpi_scratch_make(char path[SCRATCH_PATH_SIZE])
{
    char pattern[SCRATCH_PATH_SIZE];
    int length = snprintf(pattern, sizeof pattern, "%s/rankpool-launch.XXXXXX", place());
    path[0] = '\0';
    if (length >= SCRATCH_PATH_SIZE)
        return;
    do {
        strcpy(path, pattern);
        if (mkdtemp(path) == NULL) {
            path[0] = '\0';
            return;
        }
    } while (lock_directory(path) < 0); /* someone took a directory that new for an abandoned one */
    strcpy(pattern + length - strlen("XXXXXX"), "??????");
    remove_abandoned(pattern);
}
