#include "launch/rank_client.h"

#include "base/environment.h"
#include "base/temporary_files.h"
#include "config.h"
#include "launch/control_socket.h"
#include "launch/environment.h"
#include "launch/rank_state.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* Our end of the control socket and the process that may use it: a forked child may not. */
static int channel = -1;
static pid_t owner;

static bool leaves_abruptly;

#ifdef HAVE_ON_EXIT
/* The state in which this rank exits. Only now is it known whether the program initialised MPI
 * itself. */
static enum rank_state rank_state_at_exit(void)
{
    int initialised = 0, finalised = 0;
    enum rank_state rank_state = rpi_rank_state();
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    if (rank_state >= RANK_LEAVING)
        return rank_state;
    if (finalised)
        return RANK_CLOSED;
    return initialised && rank_state < RANK_IN_MPI ? RANK_IN_MPI : rank_state;
}

/* Reports the exit code to the supervisor. mpirun always gets 0, since for any other code it would
 * kill the ranks that are still writing their results. (The C library allows exit() here, and goes
 * on with the remaining handlers.) */
static void rank_report_exit_code(int code, void *unused)
{
    static bool reported;
    (void)unused;
    if (getpid() != owner || reported)
        return;
    reported = true;
    code &= 0xff;
    rpi_rank_state_set(rank_state_at_exit());
    bool sent = rpi_control_send(channel, (struct message){CONTROL_EXIT_CODE, code}, NULL, 0);
    if (leaves_abruptly) {
        fflush(NULL);
        _exit(sent ? EXIT_SUCCESS : code);
    }
    if (sent && code != 0)
        exit(EXIT_SUCCESS);
}
#endif

void rpi_rank_leave_abruptly(void)
{
    leaves_abruptly = true;
}

/* Requests the foreground of the terminal. After the supervisor's answer, the interrupted read
 * restarts. */
static void rank_request_terminal(int signal_number)
{
    (void)signal_number;
    int saved = errno, files[MOST_FILES];
    struct message answer;
    if (getpid() != owner ||
        !rpi_control_send(channel, (struct message){CONTROL_TERMINAL, 0}, NULL, 0) ||
        rpi_control_receive(channel, &answer, files) != 1)
        signal(SIGTTIN, SIG_DFL);
    errno = saved;
}

/* The terminal signals us while we are in the foreground, but the signal is meant for the
 * supervisor, which ends or stops all ranks together. */
static void rank_forward_signal(int signal_number)
{
    int saved = errno;
    if (getpid() != owner ||
        !rpi_control_send(channel, (struct message){CONTROL_SIGNAL, signal_number}, NULL, 0)) {
        if (signal_number != SIGTSTP)
            rpi_temporary_files_remove();
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    errno = saved;
}

/* The reader of our output is gone. The supervisor ends all ranks for that; until then this rank
 * blocks. */
static void rank_await_end(int signal_number)
{
    struct message none;
    int files[MOST_FILES];
    rank_forward_signal(signal_number);
    /* no message comes: the supervisor kills us, or dies itself */
    rpi_control_receive(channel, &none, files);
    rpi_temporary_files_remove();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Programs may replace these handlers by their own. */
static void rank_handle_signal(int signal_number, void (*handler)(int signal_number))
{
    sigaction(signal_number, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART},
              NULL);
}

/* The signals of rank 0, which stands for the program at the terminal. mpirun has put it into a
 * background process group: it writes all the same, and asks before it reads. */
static void rank_handle_signals(void)
{
    rank_handle_signal(SIGPIPE, rank_await_end);
    rank_handle_signal(SIGTTOU, SIG_IGN);
    rank_handle_signal(SIGTTIN, rank_request_terminal);
    rank_handle_signal(SIGINT, rank_forward_signal);
    rank_handle_signal(SIGQUIT, rank_forward_signal);
    rank_handle_signal(SIGHUP, rank_forward_signal);
    rank_handle_signal(SIGTSTP, rank_forward_signal);
}

/* Replaces a standard file by `file`. A duplicate keeps the pipe to mpirun that was there open for
 * as long as this process lives: when rank 0 closes its output, mpirun stops forwarding its
 * input. */
static void rank_replace_file(int file, int standard_file)
{
    fcntl(standard_file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    dup2(file, standard_file);
    close(file);
}

/* Gives a file that the user opened the number that the user gave it. A number in use here
 * stays. */
static void rank_take_over_file(int file, int number)
{
    if (file == number) {
        fcntl(file, F_SETFD, 0);
        return;
    }
    if (number == channel) {
        int moved = fcntl(channel, F_DUPFD_CLOEXEC, number + 1);
        if (moved >= 0) {
            close(channel);
            channel = moved;
        }
    }
    if (number > STDERR_FILENO && fcntl(number, F_GETFD) < 0)
        dup2(file, number);
    close(file);
}

/* Rank 0 receives the files that the user opened for the program, then the standard files. */
static void rank_take_over_files(void)
{
    struct message message = {.type = CONTROL_FILE};
    int files[MOST_FILES];
    while (message.type == CONTROL_FILE) {
        if (rpi_control_receive(channel, &message, files) != 1)
            return;
        if (message.type == CONTROL_FILE && files[0] >= 0)
            rank_take_over_file(files[0], message.value);
    }
    for (int i = 0; i < MOST_FILES && files[i] >= 0; i++)
        rank_replace_file(files[i], message.value + i);
    rank_handle_signals();
}

/* False if there is no supervisor, or it knows another process as this rank. */
static bool rank_register(const char *channel_name, int rank)
{
    channel = rpi_control_connect(channel_name);
    if (channel < 0)
        return false;
    owner = getpid();
    int page = rpi_rank_state_open();
    bool sent = rpi_control_send(channel, (struct message){CONTROL_HELLO, rank}, &page, page >= 0);
    if (page >= 0)
        close(page);
    return sent;
}

#if defined(__GNUC__)
__attribute__((constructor(101)))
#endif
void rpi_rank_join(void)
{
    static bool tried;
    const char *channel_name = rpi_environment_text(RPI_LAUNCHED_VARIABLE);
    int rank = rp_launched_rank();
    if (tried || channel_name == NULL)
        return;
    tried = true;
    if (!rank_register(channel_name, rank))
        return;
    if (rank == 0)
        rank_take_over_files();
#ifdef HAVE_ON_EXIT
    on_exit(rank_report_exit_code, NULL);
#endif
}

void rpi_rank_launched(void)
{
    if (rpi_rank_state() == RANK_STARTED)
        rpi_rank_state_set(RANK_LAUNCHED);
}

bool rpi_rank_supervised(void)
{
    return channel >= 0 && getpid() == owner;
}

void rpi_rank_interruptible(bool can)
{
    if (rpi_rank_supervised())
        rpi_control_send(channel, (struct message){CONTROL_INTERRUPTIBLE, can}, NULL, 0);
}
