#include "commands/command.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_io.h"
#include "commands/environment.h"
#include "commands/words.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GROUP_BYTES = 32,
    CANNOT_RUN = 126 /* the exit value of shells for that */
};

/* Not constant, as the lists of words of execve() are not. */
static char shell[] = "/bin/sh", shell_option[] = "-c", end_of_options[] = "--";

/* Where this process has no standard files, a file could have the number of one, and be replaced in
 * a child before it is copied. */
static int above_standard_files(int file)
{
    if (file < 0 || file > STDERR_FILENO)
        return file;
    int copy = fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(file);
    return copy;
}

static int memory_file(const char *name)
{
    return above_standard_files(memfd_create(name, MFD_CLOEXEC));
}

/* ---- the guard ------------------------------------------------------------------------------- */

static char guard_script[] = "exec >/dev/null 2>&1\n"
                             "trap '' HUP INT QUIT TERM USR1 USR2\n"
                             "read -r end\n"
                             "read -r group <&3\n"
                             "[ -z \"$group\" ] || kill -s KILL -- \"-$group\"\n";

/* In a session of its own, so that what ends the ranks does not end it. No other file stays open
 * there: the death of a rank shows by the end of its connections. */
static int guard_spawn(const struct runner *runner, int pipe_end)
{
    char *words[] = {shell, shell_option, guard_script, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t guard;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    int code = posix_spawn_file_actions_adddup2(&files, pipe_end, STDIN_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&files, runner->group_file, 3);
    if (code == 0)
        code = posix_spawn_file_actions_addclosefrom_np(&files, 4);
    if (code == 0)
        code = posix_spawn(&guard, shell, &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return code;
}

/* Returns 0 or an errno. */
static int guard_start(struct runner *runner)
{
    int ends[2];
    runner->group_file = memory_file("farm-group");
    if (runner->group_file < 0 || ftruncate(runner->group_file, GROUP_BYTES) != 0)
        return errno;
    void *group =
        mmap(NULL, GROUP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, runner->group_file, 0);
    if (group == MAP_FAILED)
        return errno;
    runner->group = group;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    runner->group[0] = '\n';
    runner->guard_pipe = ends[1];
    int code = guard_spawn(runner, ends[0]);
    close(ends[0]);
    return code;
}

rp_status runner_open(struct runner *runner, rp_error *error)
{
    *runner = (struct runner){.null_file = -1, .group_file = -1, .guard_pipe = -1};
    rpi_error_clear(error);
    pthread_sigmask(SIG_SETMASK, NULL, &runner->mask);
    runner->environment = commands_environment(runner->number);
    if (runner->environment == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the environment of commands");
    runner->null_file = above_standard_files(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (runner->null_file < 0)
        return rpi_error_set(error, RP_ERR_IO, "cannot open /dev/null: %s", strerror(errno));
    int code = guard_start(runner);
    if (code != 0)
        return rpi_error_set(error, RP_ERR_IO, "cannot start a guard of its commands: %s",
                             strerror(code));
    return RP_OK;
}

void runner_close(struct runner *runner)
{
    if (runner->environment == NULL)
        return; /* it was never opened */
    if (runner->guard_pipe >= 0)
        close(runner->guard_pipe);
    if (runner->group_file >= 0)
        close(runner->group_file);
    if (runner->null_file >= 0)
        close(runner->null_file);
    if (runner->group != NULL)
        munmap(runner->group, GROUP_BYTES);
    free(runner->environment);
}

/* ---- the process of a command ---------------------------------------------------------------- */

/* What the child needs, which shares our memory until it has begun its program. */
struct start {
    struct runner *runner;
    const char *text;
    struct words *words; /* NULL: it takes a shell */
    int files[3];
    pid_t parent;
};

/* As a line of decimal digits. */
static void group_write(char *group, pid_t pid)
{
    char digits[GROUP_BYTES];
    int count = 0;
    for (; pid > 0; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    for (int i = 0; i < count; i++)
        group[i] = digits[count - 1 - i];
    group[count] = '\n';
}

/* Handlers of this process must not run in the child, nor may what it ignores be ignored there. */
static void reset_signals(const sigset_t *mask)
{
    struct sigaction action;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static void close_other_files(void)
{
    if (close_range(STDERR_FILENO + 1, ~0U, 0) == 0)
        return;
    for (int file = STDERR_FILENO + 1; file < 4096; file++)
        close(file);
}

static void begin_program(const struct start *start)
{
    char *const words[] = {shell, shell_option, end_of_options, (char *)(uintptr_t)start->text,
                           NULL};
    char **environment = start->runner->environment;
    if (start->words != NULL)
        execvpe(start->words->word[0], start->words->word, environment);
    execve(shell, words, environment); /* also for its message that there is no such program */
    const char *why = errno == E2BIG ? "farm: the command is too long for this system\n"
                                     : "farm: cannot run /bin/sh\n";
    rpi_write_once(STDERR_FILENO, why, strlen(why));
    _exit(CANNOT_RUN);
}

static void become_command(const struct start *start)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    group_write(start->runner->group, getpid());
    if (getppid() != start->parent)
        _exit(CANNOT_RUN);
    for (int i = 0; i < 3; i++)
        if (dup2(start->files[i], i) < 0)
            _exit(CANNOT_RUN);
    close_other_files();
    reset_signals(&start->runner->mask);
    begin_program(start);
}

/* As fork() copies page tables and runs handlers of libraries, MPI's among them. */
static pid_t start_process(const struct start *start)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        become_command(start);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return pid;
}

/* ---- waiting for its end --------------------------------------------------------------------- */

/* A command that runs. It is ended by SIGTERM, and if that does not help by SIGKILL. */
struct running {
    const struct command_request *request;
    struct command_end *end;
    pid_t pid;
    int pid_file;
    int signals;     /* how many it got */
    double deadline; /* of the next one */
};

static void running_signal(struct running *running)
{
    const double grace = 0.5;
    kill(-running->pid, running->signals == 0 ? SIGTERM : SIGKILL);
    running->signals++;
    running->deadline = rpi_clock_seconds() + grace;
}

/* Ends it when it is time. Returns the milliseconds until it should be asked again. */
static int running_attend(struct running *running)
{
    const double ask_again = 0.1;
    const struct command_request *request = running->request;
    if (running->signals == 0 && request->cancelled(request->closure)) {
        running->end->cancelled = true;
        running_signal(running);
    }
    double left = running->deadline - rpi_clock_seconds();
    if (left <= 0) {
        running->end->timed_out |= running->signals == 0;
        running_signal(running);
        left = running->deadline - rpi_clock_seconds();
    }
    return (int)(1e3 * fmin(fmax(left, 0), ask_again)) + 1;
}

/* Without a file for the process, as before Linux 5.3, we look every few milliseconds. */
static void running_sleep(struct running *running)
{
    struct pollfd look = {.fd = running->pid_file, .events = POLLIN};
    int milliseconds = running_attend(running);
    poll(&look, 1, running->pid_file >= 0 || milliseconds < 5 ? milliseconds : 5);
}

/* Leaves the process a zombie: until it is waited for, no other process has its number. */
static void running_await(struct running *running)
{
    siginfo_t info;
    do {
        running_sleep(running);
        info.si_pid = 0;
    } while (waitid(P_PID, (id_t)running->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
             info.si_pid == 0);
}

static void await_end(struct runner *runner, const struct command_request *request, pid_t pid,
                      struct command_end *end)
{
    double begun = rpi_clock_seconds();
    int status = 0;
    struct running running = {.request = request,
                              .end = end,
                              .pid = pid,
                              .pid_file = (int)syscall(SYS_pidfd_open, pid, 0),
                              .deadline =
                                  request->timeout > 0 ? begun + request->timeout : INFINITY};
    running_await(&running);
    end->runtime = rpi_clock_seconds() - begun;
    kill(-pid, SIGKILL);
    runner->group[0] = '\n';
    waitpid(pid, &status, 0);
    if (running.pid_file >= 0)
        close(running.pid_file);
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end->exit_value = end->timed_out ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* ---- running --------------------------------------------------------------------------------- */

static double seconds_since_1970(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void complain(struct command_end *end, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct command_end *end, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lseek(end->errors, 0, SEEK_END);
    if (length > 0)
        rpi_write_all(end->errors, text, strlen(text));
}

rp_status runner_run(struct runner *runner, const struct command_request *request,
                     struct command_end *end, rp_error *error)
{
    struct words words;
    *end = (struct command_end){.begun = seconds_since_1970()};
    end->output = memory_file("farm-output");
    end->errors = memory_file("farm-errors");
    struct start start = {.runner = runner,
                          .text = request->text,
                          .words = words_split(&words, request->text) ? &words : NULL,
                          .files = {runner->null_file, end->output, end->errors},
                          .parent = getpid()};
    if (end->output < 0 || end->errors < 0) {
        rpi_error_set(error, RP_ERR_IO, "no file for the output of a command: %s", strerror(errno));
        command_discard(end);
        return RP_ERR_IO;
    }
    snprintf(runner->number, sizeof runner->number, "RANKPOOL_ITEM=%" PRId64, request->number);
    pid_t pid = start_process(&start);
    if (pid > 0) {
        await_end(runner, request, pid, end);
    } else {
        end->exit_value = CANNOT_RUN;
        complain(end, "farm: cannot start a process: %s\n", strerror(errno));
    }
    if (end->timed_out)
        complain(end, "farm: command %" PRId64 " did not end within %g seconds: %.150s\n",
                 request->number, request->timeout, request->text);
    return RP_OK;
}

void command_discard(const struct command_end *end)
{
    close(end->output);
    close(end->errors);
}
