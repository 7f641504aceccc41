#include "launch/slurm_keepalive.h"

#include "base/environment.h"
#include "launch/processes.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KEEPER_CONNECTION = 3 /* number of the connection's file in the keeper */
};

static pid_t keeper;
static int keeper_pools; /* pools that need the keeper */

bool rpi_started_by_slurm(void)
{
    return rpi_environment_text("SLURM_STEP_ID") != NULL &&
           rpi_environment_text("PMIX_RANK") != NULL &&
           rpi_environment_text("OMPI_COMM_WORLD_SIZE") == NULL;
}

/* The port in a server address "name.rank;tcp4://address:port"; -1: none. */
static int pmix_address_port(const char *address)
{
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    int64_t port;
    return colon != NULL && rpi_parse_integer(colon + 1, 1, 65535, &port) ? (int)port : -1;
}

static int pmix_server_port(void)
{
    static const char *const names[] = {"PMIX_SERVER_URI41", "PMIX_SERVER_URI4", "PMIX_SERVER_URI3",
                                        "PMIX_SERVER_URI21", "PMIX_SERVER_URI2"};
    int port = -1;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && port < 0; i++)
        port = pmix_address_port(rpi_environment_text(names[i]));
    return port;
}

/* Is this file a connection to that port? */
static bool pmix_is_connection(int file, int port)
{
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof peer;
    if (getpeername(file, (struct sockaddr *)&peer, &bytes) != 0)
        return false;
    if (peer.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&peer)->sin_port) == port;
    return peer.ss_family == AF_INET6 && ntohs(((struct sockaddr_in6 *)&peer)->sin6_port) == port;
}

static int pmix_find_connection(void)
{
    struct rlimit files;
    int port = pmix_server_port(), connection = -1;
    if (port < 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return -1;
    int most = files.rlim_cur < INT_MAX ? (int)files.rlim_cur : INT_MAX;
    for (int file = 0; file < most && connection < 0; file++)
        connection = pmix_is_connection(file, port) ? file : -1;
    return connection;
}

/* The process id of slurmstepd, which manages this node's part of the step: the parent of the
 * task. */
static pid_t slurm_step_daemon(void)
{
    const char *text = rpi_environment_text("SLURM_TASK_PID");
    int64_t task = getpid();
    if (text != NULL && !rpi_parse_integer(text, 1, INT_MAX, &task))
        return -1;
    return rpi_process_parent((pid_t)task);
}

/* No other file of this process stays open in the keeper, and signals for the program do not reach
 * it. A spawned process shares no pages with us, so pages registered with a network card stay where
 * they are. */
static bool keeper_spawn(int connection, char *daemon)
{
    char name[] = "rankpool-keepalive", option[] = "-c", path[] = "PATH=/usr/bin:/bin";
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
    posix_spawn_file_actions_adddup2(&files, connection, KEEPER_CONNECTION);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    posix_spawn_file_actions_addclosefrom_np(&files, KEEPER_CONNECTION + 1);
#endif
    for (int file = 0; file < KEEPER_CONNECTION; file++)
        posix_spawn_file_actions_addopen(&files, file, "/dev/null", O_RDWR, 0);
    bool spawned =
        posix_spawn(&keeper, "/bin/sh", &files, &attributes, arguments, environment) == 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    keeper = spawned ? keeper : 0;
    return spawned;
}

static bool keeper_start(void)
{
    char daemon[24];
    pid_t process = slurm_step_daemon();
    int connection = pmix_find_connection();
    if (connection < 0 || process <= 1)
        return false;
    snprintf(daemon, sizeof daemon, "%d", (int)process);
    return keeper_spawn(connection, daemon);
}

bool rpi_slurm_keepalive_hold(void)
{
    if (keeper == 0 && !keeper_start())
        return false;
    keeper_pools++;
    return true;
}

void rpi_slurm_keepalive_release(void)
{
    if (keeper == 0 || --keeper_pools > 0)
        return;
    kill(keeper, SIGKILL);
    waitpid(keeper, NULL, 0);
    keeper = 0;
}
