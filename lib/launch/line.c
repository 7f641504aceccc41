#include "launch/line.h"

#include "base/environment.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KEPT = 3 /* the line, as the keeper has it */
};

static pid_t keeper;
static int pools; /* that rely on it */

bool rpi_line_to_slurm(void)
{
    return rpi_environment_text("SLURM_STEP_ID") != NULL &&
           rpi_environment_text("PMIX_RANK") != NULL &&
           rpi_environment_text("OMPI_COMM_WORLD_SIZE") == NULL;
}

/* The port of a server, as "name.rank;tcp4://address:port" tells it; -1: none. */
static int port_in(const char *address)
{
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    int64_t port;
    return colon != NULL && rpi_parse_integer(colon + 1, 1, 65535, &port) ? (int)port : -1;
}

static int server_port(void)
{
    static const char *const names[] = {"PMIX_SERVER_URI41", "PMIX_SERVER_URI4", "PMIX_SERVER_URI3",
                                        "PMIX_SERVER_URI21", "PMIX_SERVER_URI2"};
    int port = -1;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && port < 0; i++)
        port = port_in(rpi_environment_text(names[i]));
    return port;
}

/* Is this file a connection to that port? */
static bool leads_to(int file, int port)
{
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof peer;
    if (getpeername(file, (struct sockaddr *)&peer, &bytes) != 0)
        return false;
    if (peer.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&peer)->sin_port) == port;
    return peer.ss_family == AF_INET6 && ntohs(((struct sockaddr_in6 *)&peer)->sin6_port) == port;
}

static int find_line(void)
{
    struct rlimit files;
    int port = server_port(), line = -1;
    if (port < 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return -1;
    int most = files.rlim_cur < INT_MAX ? (int)files.rlim_cur : INT_MAX;
    for (int file = 0; file < most && line < 0; file++)
        line = leads_to(file, port) ? file : -1;
    return line;
}

/* The process of Slurm that looks after this node's part of the step: the parent of the task. */
static long step_daemon(void)
{
    char path[64], text[512] = "";
    const char *task = rpi_environment_text("SLURM_TASK_PID");
    snprintf(path, sizeof path, "/proc/%.20s/stat", task != NULL ? task : "self");
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    /* PID (NAME) STATE PARENT: the name may hold anything. */
    const char *end = strrchr(text, ')');
    return end != NULL && strlen(end) > 4 ? strtol(end + 4, NULL, 10) : -1;
}

/* Nothing else of this process stays open in the keeper, and signals for the program are not for
 * it. A process that is spawned shares no page with us, so pages that a network card knows stay
 * where they are. */
static bool spawn(int line, char *daemon)
{
    char name[] = "rankpool-line", option[] = "-c", path[] = "PATH=/usr/bin:/bin";
    char script[] = "while [ -d \"/proc/$1\" ]; do sleep 1 3<&-; done";
    char *arguments[] = {name, option, script, name, daemon, NULL};
    char *environment[] = {path, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGALRM);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, line, KEPT);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    posix_spawn_file_actions_addclosefrom_np(&files, KEPT + 1);
#endif
    for (int file = 0; file < KEPT; file++)
        posix_spawn_file_actions_addopen(&files, file, "/dev/null", O_RDWR, 0);
    bool spawned =
        posix_spawn(&keeper, "/bin/sh", &files, &attributes, arguments, environment) == 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    keeper = spawned ? keeper : 0;
    return spawned;
}

static bool start_keeper(void)
{
    char daemon[24];
    long process = step_daemon();
    int line = find_line();
    if (line < 0 || process <= 1)
        return false;
    snprintf(daemon, sizeof daemon, "%ld", process);
    return spawn(line, daemon);
}

bool rpi_line_keep(void)
{
    if (keeper == 0 && !start_keeper())
        return false;
    pools++;
    return true;
}

void rpi_line_let_go(void)
{
    if (keeper == 0 || --pools > 0)
        return;
    kill(keeper, SIGKILL);
    waitpid(keeper, NULL, 0);
    keeper = 0;
}
