#include "launch/signals.h"

#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool signal_is_ignored(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool signal_is_default(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_DFL &&
           (action.sa_flags & SA_SIGINFO) == 0;
}

bool rpi_signal_ends(int signal_number)
{
    static const int harmless[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
                                   SIGCONT, SIGCHLD, SIGURG,  SIGWINCH};
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (harmless[i] == signal_number)
            return false;
    return true;
}

bool rpi_signals_take(struct signals *signals)
{
    static const int wanted[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                 SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
    sigset_t taken;
    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!signal_is_ignored(wanted[i]))
            sigaddset(&taken, wanted[i]);
    for (int other = 1; other <= SIGRTMAX; other++)
        if (other != SIGPIPE && rpi_signal_ends(other) && signal_is_default(other))
            sigaddset(&taken, other);
    /* if SIGCHLD were ignored, our children's wait statuses would be lost */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &signals->children);
    sigaddset(&taken, SIGCHLD);
    signals->file = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->file < 0) {
        sigaction(SIGCHLD, &signals->children, NULL);
        return false;
    }
    sigaddset(&taken, SIGPIPE);
    sigaddset(&taken, SIGTTOU);
    sigprocmask(SIG_BLOCK, &taken, &signals->before);
    return true;
}

int rpi_signals_next(const struct signals *signals)
{
    struct signalfd_siginfo info;
    if (read(signals->file, &info, sizeof info) != (ssize_t)sizeof info)
        return 0;
    return (int)info.ssi_signo;
}

void rpi_signals_release(const struct signals *signals)
{
    sigaction(SIGCHLD, &signals->children, NULL);
    sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

void rpi_signals_suffer(int signal_number)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* a core dump of the supervisor is useless */
    if (!signal_is_ignored(signal_number))
        signal(signal_number, SIG_DFL); /* a library may have set a handler */
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}
