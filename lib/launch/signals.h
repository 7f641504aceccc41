/* The signals that the supervisor takes as messages, and dying of one as a plain command would. */
#ifndef RANKPOOL_LAUNCH_SIGNALS_H
#define RANKPOOL_LAUNCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals {
    int file;                  /* to read them from */
    sigset_t before;           /* what was blocked before */
    struct sigaction children; /* what became of SIGCHLD */
};

/* Takes the signals that end, stop or inform a job, except those that are ignored: what nohup wants
 * ignored stays so. Also keeps SIGPIPE and SIGTTOU away. False if that is not possible. */
bool rpi_signals_take(struct signals *signals);

/* The next signal, or 0 if there is none. */
int rpi_signals_next(const struct signals *signals);

/* As it was before. Also for a child, before it becomes another program. */
void rpi_signals_release(const struct signals *signals);

/* Lets a signal do to this process what it does by default. Returns if that is nothing, or after
 * the process was stopped and goes on. */
void rpi_signals_suffer(int signal_number);

#endif
