#include "launch/job.h"

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
    ATTEMPTS = 10,
    MOST_OPEN_DIRECTORIES = 16
};

/* MPI fails to start where this directory is full, as in a container with a tiny /dev/shm. */
static bool session_dir_has_room(const char *directory)
{
    const unsigned long long enough = 32ULL << 20;
    struct statvfs status;
    return access(directory, W_OK | X_OK) == 0 && statvfs(directory, &status) == 0 &&
           (unsigned long long)status.f_bavail * status.f_frsize >= enough;
}

static const char *session_dir_parent(void)
{
    static const char shared_memory[] = "/dev/shm";
    const char *temporary = rpi_environment_text("TMPDIR");
    if (session_dir_has_room(shared_memory))
        return shared_memory;
    return temporary != NULL ? temporary : "/tmp";
}

static int session_dir_remove_entry(const char *path, const struct stat *status, int kind,
                                    struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    remove(path);
    return 0;
}

void rpi_session_dir_remove(const char *path)
{
    if (path[0] != '\0')
        nftw(path, session_dir_remove_entry, MOST_OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}

/* Locks a directory until this process ends. Returns a file descriptor, or -1 if another process
 * has the lock or has removed the directory. */
static int session_dir_lock(const char *path)
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

/* Removes the directories of supervisors that were killed: the kernel has released their locks. */
static void session_dir_remove_abandoned(const char *pattern)
{
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int directory = session_dir_lock(found.gl_pathv[i]);
        if (directory < 0)
            continue;
        rpi_session_dir_remove(found.gl_pathv[i]);
        close(directory);
    }
    globfree(&found);
}

/* Another supervisor may take a new directory for an abandoned one, and remove it; and there are
 * file systems without locks, where the launch does without a directory. */
void rpi_session_dir_make(char path[SESSION_DIR_PATH_SIZE])
{
    char pattern[SESSION_DIR_PATH_SIZE];
    int length =
        snprintf(pattern, sizeof pattern, "%s/rankpool-launch.XXXXXX", session_dir_parent());
    path[0] = '\0';
    if (length >= SESSION_DIR_PATH_SIZE)
        return;
    bool locked = false;
    for (int attempt = 0; !locked && attempt < ATTEMPTS; attempt++) {
        strcpy(path, pattern);
        if (mkdtemp(path) == NULL)
            break;
        locked = session_dir_lock(path) >= 0;
        if (!locked)
            rmdir(path);
    }
    if (!locked) {
        path[0] = '\0';
        return;
    }
    strcpy(pattern + length - strlen("XXXXXX"), "??????");
    session_dir_remove_abandoned(pattern);
}
