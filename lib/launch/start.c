#include "launch/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Three pipes, each to read at [0] and to write at [1]. */
struct pipes {
    int output[2], errors[2];
    int failure[2]; /* carries an errno if there is no command; closes if there is */
};

static void close_pipe(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static int open_pipes(struct pipes *pipes)
{
    if (pipe2(pipes->output, O_CLOEXEC) != 0)
        return errno;
    if (pipe2(pipes->errors, O_CLOEXEC) != 0) {
        int error = errno;
        close_pipe(pipes->output);
        return error;
    }
    if (pipe2(pipes->failure, O_CLOEXEC) != 0) {
        int error = errno;
        close_pipe(pipes->output);
        close_pipe(pipes->errors);
        return error;
    }
    return 0;
}

/* On this machine rank 0 reads our stdin itself, and mpirun must not take it away. From elsewhere
 * it can do so only through mpirun. */
static int redirect(const struct command *command, const struct pipes *pipes)
{
    if (!command->in_allocation) {
        int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
            return errno;
    }
    if (dup2(pipes->output[1], STDOUT_FILENO) < 0 || dup2(pipes->errors[1], STDERR_FILENO) < 0)
        return errno;
    return 0;
}

/* In the child. A process group of its own keeps the terminal's signals away: it is the supervisor
 * that decides what becomes of them. */
static void become_mpirun(const struct command *command, const struct signals *signals,
                          const struct pipes *pipes, pid_t supervisor)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0UL, 0UL, 0UL);
    if (getppid() != supervisor)
        _exit(EXIT_FAILURE); /* it died before we asked to be told */
    rpi_signals_release(signals);
    int error = redirect(command, pipes);
    if (error == 0)
        error = rpi_command_execute(command);
    ssize_t written = write(pipes->failure[1], &error, sizeof error);
    _exit(written > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* The errno that the child has sent, or 0 once it has become mpirun. */
static int await_start(int failure)
{
    int error;
    ssize_t size;
    do
        size = read(failure, &error, sizeof error);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof error ? error : 0;
}

int rpi_start(const struct command *command, const struct signals *signals, struct started *started)
{
    struct pipes pipes;
    int error = open_pipes(&pipes);
    if (error != 0)
        return error;
    pid_t supervisor = getpid();
    *started =
        (struct started){.process = fork(), .output = pipes.output[0], .errors = pipes.errors[0]};
    error = started->process < 0 ? errno : 0;
    if (started->process == 0)
        become_mpirun(command, signals, &pipes, supervisor);
    close(pipes.output[1]);
    close(pipes.errors[1]);
    close(pipes.failure[1]);
    if (error == 0) {
        error = await_start(pipes.failure[0]);
        if (error != 0)
            waitpid(started->process, NULL, 0);
    }
    close(pipes.failure[0]);
    if (error != 0) {
        close(started->output);
        close(started->errors);
    }
    return error;
}
