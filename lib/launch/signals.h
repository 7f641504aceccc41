/* Reads the supervisor's signals as events, and lets it die of one as a plain command would. */
#ifndef RANKPOOL_LAUNCH_SIGNALS_H
#define RANKPOOL_LAUNCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals {
    int file;                  /* signalfd */
    sigset_t before;           /* the mask before */
    struct sigaction children; /* the action of SIGCHLD before */
};

/* Takes the signals that end, stop or inform a job, except those that are ignored, as nohup does
 * with SIGHUP; and other signals that would end this process, unless the program handles them. Also
 * blocks SIGPIPE and SIGTTOU. False on failure. */
bool rpi_signals_take(struct signals *signals);

/* The next signal, or 0 if there is none. */
int rpi_signals_next(const struct signals *signals);

/* Does this signal by default end a process? */
bool rpi_signal_ends(int signal_number);

/* Restores the mask and the action of SIGCHLD. Also for a child, before it executes another
 * program. */
void rpi_signals_release(const struct signals *signals);

/* Lets a signal take its default effect on this process, unless it is ignored. Returns if that has
 * no effect, or after the process was stopped and continued. */
void rpi_signals_suffer(int signal_number);

#endif
