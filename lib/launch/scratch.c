#include "launch/scratch.h"

#include "base/environment.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_OPEN_DIRECTORIES = 16
};

static const char *place(void)
{
    static const char shared_memory[] = "/dev/shm";
    const char *temporary = rpi_environment_text("TMPDIR");
    if (access(shared_memory, W_OK | X_OK) == 0)
        return shared_memory;
    return temporary != NULL ? temporary : "/tmp";
}

void rpi_scratch_make(char path[SCRATCH_PATH_SIZE])
{
    int length = snprintf(path, SCRATCH_PATH_SIZE, "%s/rankpool-launch.XXXXXX", place());
    if (length >= SCRATCH_PATH_SIZE || mkdtemp(path) == NULL)
        path[0] = '\0';
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
