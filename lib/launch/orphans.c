#include "launch/orphans.h"

#include "base/waiting.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Someone may be stuck in the kernel; we do not wait for that longer than rounds times pause. */
enum {
    MOST_ROUNDS = 200
};
static const double pause_seconds = 0.002;

void rpi_orphans_adopt(bool adopt)
{
    prctl(PR_SET_CHILD_SUBREAPER, adopt ? 1UL : 0UL, 0UL, 0UL, 0UL);
}

static void kill_children(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    if (children == NULL)
        return;
    int child;
    while (fscanf(children, "%d", &child) == 1)
        kill(child, SIGKILL);
    fclose(children);
}

void rpi_orphans_end(void)
{
    for (int round = 0; round < MOST_ROUNDS; round++) {
        kill_children();
        pid_t gone;
        do
            gone = waitpid(-1, NULL, WNOHANG);
        while (gone > 0);
        if (gone < 0)
            return; /* no children left */
        rpi_sleep(pause_seconds);
    }
}
