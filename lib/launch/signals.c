#include "launch/signals.h"

#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool is_ignored(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool rpi_signals_take(struct signals *signals)
{
    static const int wanted[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                 SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
    sigset_t taken;
    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!is_ignored(wanted[i]))
            sigaddset(&taken, wanted[i]);
    /* ignored, it would take our children's statuses away */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &signals->children);
    sigaddset(&taken, SIGCHLD);
    signals->file = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->file < 0)
        return false;
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
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* our own core would tell nobody anything */
    if (!is_ignored(signal_number))
        signal(signal_number, SIG_DFL); /* some library may have taken it */
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}
