#include "launch/processes.h"

#include "base/clock.h"
#include "launch/environment.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- queries of /proc ------------------------------------------------------------------------ */

/* Adds the children of one thread. False if the kernel does not list them. */
static bool process_add_children(pid_t process, const char *thread, pid_t *children, int *count)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)process, thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    int child;
    while (*count < MOST_CHILDREN && fscanf(file, "%d", &child) == 1)
        children[(*count)++] = child;
    fclose(file);
    return true;
}

int rpi_children_of(pid_t parent, pid_t children[MOST_CHILDREN])
{
    char path[64];
    int count = 0;
    bool listed = false;
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;)
        if (entry->d_name[0] != '.')
            listed = process_add_children(parent, entry->d_name, children, &count) || listed;
    closedir(threads);
    return listed ? count : -1;
}

static FILE *process_open(pid_t process, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    return fopen(path, "re");
}

/* The state letter of the first thread and its number of context switches; 0: no such process. */
static char process_state(pid_t process, long *switches)
{
    char line[256], state = 0;
    long number;
    *switches = 0;
    FILE *file = process_open(process, "status");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "State: %c", &state);
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &number) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %ld", &number) == 1)
            *switches += number;
    }
    fclose(file);
    return state;
}

long rpi_process_sleep(pid_t process)
{
    long switches;
    return process_state(process, &switches) == 'S' ? switches : -1;
}

bool rpi_process_has_ended(pid_t process)
{
    long switches;
    char state = process_state(process, &switches);
    return state == 0 || state == 'Z' || state == 'X';
}

/* Reads what follows PID and (NAME), which may hold anything: STATE, the parent, and other
 * numbers. Empty: no such process. */
static const char *process_numbers(pid_t process, char text[1024])
{
    FILE *file = process_open(process, "stat");
    if (file == NULL)
        return "";
    text[fread(text, 1, 1023, file)] = '\0';
    fclose(file);
    const char *end = strrchr(text, ')');
    return end != NULL ? end + 1 : "";
}

pid_t rpi_process_parent(pid_t process)
{
    char text[1024];
    int parent;
    return sscanf(process_numbers(process, text), " %*c %d", &parent) == 1 ? parent : -1;
}

/* The ninth number counts the page faults of children that were waited for. */
bool rpi_process_has_lost_child(pid_t process)
{
    char text[1024];
    unsigned long faults;
    return sscanf(process_numbers(process, text), " %*c %*d %*d %*d %*d %*d %*u %*u %lu",
                  &faults) == 1 &&
           faults > 0;
}

int rpi_process_wait_status(pid_t process)
{
    char text[1024];
    const char *last = strrchr(process_numbers(process, text), ' ');
    return last != NULL ? atoi(last + 1) : -1;
}

int rpi_process_has_variable(pid_t process, const char *name, const char *value)
{
    char *text = NULL;
    size_t room = 0, length = strlen(name);
    int found = -1;
    FILE *file = process_open(process, "environ");
    if (file == NULL)
        return -1;
    while (found != 1 && getdelim(&text, &room, '\0', file) > 0)
        found = strncmp(text, name, length) == 0 && text[length] == '=' &&
                strcmp(text + length + 1, value) == 0;
    free(text);
    fclose(file);
    return found;
}

/* ---- orphans --------------------------------------------------------------------------------- */

/* A process may be stuck in the kernel. We wait at most rounds times pause. */
enum {
    MOST_ROUNDS = 1000
};
static const double pause_seconds = 0.002;

/* The children that existed before. */
static pid_t earlier_children[MOST_CHILDREN];
static int earlier_count;

void rpi_orphans_adopt(bool adopt)
{
    earlier_count = adopt ? rpi_children_of(getpid(), earlier_children) : 0;
    prctl(PR_SET_CHILD_SUBREAPER, adopt ? 1UL : 0UL, 0UL, 0UL, 0UL);
}

static bool orphan_existed_before(pid_t child)
{
    for (int i = 0; i < earlier_count; i++)
        if (earlier_children[i] == child)
            return true;
    return false;
}

void rpi_orphans_reap(void)
{
    static pid_t children[MOST_CHILDREN];
    int count = rpi_children_of(getpid(), children);
    for (int i = 0; i < count; i++)
        if (!orphan_existed_before(children[i]))
            waitpid(children[i], NULL, WNOHANG);
}

/* Returns how many are left. */
static int orphans_kill(const char *channel_name)
{
    static pid_t children[MOST_CHILDREN];
    int left = 0, count = rpi_children_of(getpid(), children);
    for (int i = 0; i < count; i++) {
        if (orphan_existed_before(children[i]) || rpi_process_has_ended(children[i]))
            continue;
        int ours = rpi_process_has_variable(children[i], RPI_LAUNCHED_VARIABLE, channel_name);
        if (ours > 0)
            kill(children[i], SIGKILL);
        left += ours != 0;
    }
    return left;
}

/* When a child is killed, its own children become ours before it is gone. */
void rpi_orphans_end(const char *channel_name)
{
    for (int round = 0; round < MOST_ROUNDS && orphans_kill(channel_name) > 0; round++) {
        rpi_sleep(pause_seconds);
        rpi_orphans_reap();
    }
}

/* ---- the foreground of the terminal ---------------------------------------------------------- */

/* The process group that we put in the foreground, or 0. */
static pid_t terminal_lent_to;

/* The controlling terminal, even if the standard files are redirected. */
static int terminal_open(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool rpi_terminal_lend(pid_t process)
{
    int terminal = terminal_open();
    if (terminal < 0)
        return true; /* without a terminal there is nothing to lend */
    pid_t group = getpgid(process), foreground = tcgetpgrp(terminal);
    bool ours = foreground == getpgrp() && tcsetpgrp(terminal, group) == 0;
    if (ours)
        terminal_lent_to = group;
    close(terminal);
    return ours || foreground == group;
}

void rpi_terminal_take_back(void)
{
    int terminal = terminal_lent_to > 0 ? terminal_open() : -1;
    if (terminal < 0)
        return;
    if (tcgetpgrp(terminal) == terminal_lent_to)
        tcsetpgrp(terminal, getpgrp());
    close(terminal);
    terminal_lent_to = 0;
}
