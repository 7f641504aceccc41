#include "launch/job.h"

#include "base/environment.h"
#include "launch/environment.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MOST_INHERITED = 200 /* fewer than a control socket queues unread */
};
static int inherited[MOST_INHERITED];
static int inherited_count;

static bool inherited_is_open(int file)
{
    int flags = fcntl(file, F_GETFD);
    return file > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

#if defined(__GNUC__)
/* Runs before main() opens files. Ranks do not need the list. */
__attribute__((constructor(101))) static void inherited_find(void)
{
    DIR *files =
        rpi_environment_text(RPI_LAUNCHED_VARIABLE) == NULL ? opendir("/proc/self/fd") : NULL;
    if (files == NULL)
        return;
    for (struct dirent *entry;
         (entry = readdir(files)) != NULL && inherited_count < MOST_INHERITED;) {
        int file = atoi(entry->d_name);
        if (inherited_is_open(file))
            inherited[inherited_count++] = file;
    }
    closedir(files);
}
#endif

int rpi_inherited_files(const int **files)
{
    int open = 0;
    for (int i = 0; i < inherited_count; i++)
        if (inherited_is_open(inherited[i]))
            inherited[open++] = inherited[i];
    inherited_count = open;
    *files = inherited;
    return inherited_count;
}
