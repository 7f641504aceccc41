#include "launch/rank.h"

#include "config.h"
#include "launch/channel.h"
#include "launch/standing.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* Our end of the channel and the process that may use it: not what it forks. */
static int channel = -1;
static pid_t owner;

#ifdef HAVE_ON_EXIT
/* Do others count on us still, inside MPI? */
static bool deserts(void)
{
    int initialised = 0, finalised = 0;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    return initialised && !finalised && rpi_standing() != STANDING_LEAVING;
}

/* Tells the supervisor how we exit. mpirun is told that all is well, since for any other code it
 * ends the ranks that are still writing their results. (The C library allows exit() here, and goes
 * on with the handlers that are left.) */
static void tell_verdict(int code, void *unused)
{
    (void)unused;
    if (getpid() != owner)
        return;
    code &= 0xff;
    enum word word = deserts() ? WORD_DESERT : WORD_VERDICT;
    if (rpi_channel_send(channel, (struct message){word, code}, NULL, 0) && code != 0)
        exit(EXIT_SUCCESS);
}
#endif

/* Asks for the foreground of the terminal. When the supervisor answers, the read that was
 * interrupted begins anew. */
static void ask_for_terminal(int signal_number)
{
    (void)signal_number;
    int saved = errno, files[MOST_FILES];
    struct message answer;
    if (getpid() != owner ||
        !rpi_channel_send(channel, (struct message){WORD_TERMINAL, 0}, NULL, 0) ||
        rpi_channel_receive(channel, &answer, files) != 1)
        signal(SIGTTIN, SIG_DFL);
    errno = saved;
}

/* The terminal signals us while we are in the foreground. It means the supervisor, which will end
 * or stop all ranks together. */
static void pass_on(int signal_number)
{
    int saved = errno;
    if (getpid() != owner ||
        !rpi_channel_send(channel, (struct message){WORD_SIGNAL, signal_number}, NULL, 0)) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    errno = saved;
}

/* The reader of our output is gone. The supervisor ends all ranks for that; until then we
 * keep quiet. */
static void await_end(int signal_number)
{
    struct message none;
    int files[MOST_FILES];
    pass_on(signal_number);
    rpi_channel_receive(channel, &none, files); /* none comes: it kills us, or dies itself */
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Programs that handle a signal themselves are welcome to. */
static void handle(int signal_number, void (*handler)(int signal_number))
{
    sigaction(signal_number, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART},
              NULL);
}

/* The signals of rank 0, which is what the user sees of the program. mpirun has put us into a
 * background group of the terminal: we write all the same, and ask before we read. */
static void handle_signals(void)
{
    handle(SIGPIPE, await_end);
    handle(SIGTTOU, SIG_IGN);
    handle(SIGTTIN, ask_for_terminal);
    handle(SIGINT, pass_on);
    handle(SIGQUIT, pass_on);
    handle(SIGHUP, pass_on);
    handle(SIGTSTP, pass_on);
}

/* Puts `file` in the place of a standard file. The pipe to mpirun that was there stays
 * open elsewhere for as long as we live: when rank 0 closes its output, mpirun stops
 * forwarding its input. */
static void replace_file(int file, int standard_file)
{
    fcntl(standard_file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    dup2(file, standard_file);
    close(file);
}

static void take_over_files(void)
{
    struct message welcome;
    int files[MOST_FILES];
    if (rpi_channel_receive(channel, &welcome, files) != 1 || welcome.word != WORD_WELCOME)
        return;
    for (int i = 0; i < MOST_FILES && files[i] >= 0; i++)
        replace_file(files[i], welcome.value + i);
    handle_signals();
}

void rpi_rank_join(const char *channel_name, int rank)
{
    channel = rpi_channel_connect(channel_name);
    if (channel < 0)
        return;
    owner = getpid();
    int page = rpi_standing_open();
    bool heard = rpi_channel_send(channel, (struct message){WORD_HELLO, rank}, &page, page >= 0);
    if (page >= 0)
        close(page);
    if (!heard)
        return;
    if (rank == 0)
        take_over_files();
#ifdef HAVE_ON_EXIT
    on_exit(tell_verdict, NULL);
#endif
}

bool rpi_rank_supervised(void)
{
    return channel >= 0 && getpid() == owner;
}

void rpi_rank_interruptible(bool can)
{
    if (rpi_rank_supervised())
        rpi_channel_send(channel, (struct message){WORD_INTERRUPTIBLE, can}, NULL, 0);
}
