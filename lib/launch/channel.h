/* Messages and open files between processes of one user on one machine.
 *
 * The supervisor listens under a name in the abstract socket namespace: no file that could stay
 * behind, and no way in for another machine or another user. */
#ifndef RANKPOOL_LAUNCH_CHANNEL_H
#define RANKPOOL_LAUNCH_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What they say to each other. */
enum word {
    WORD_HELLO,        /* rank: I am rank `value`, and here is my page (launch/standing.h) */
    WORD_WELCOME,      /* supervisor to rank 0, with the standard files that it is to take */
    WORD_VERDICT,      /* rank: I exit with code `value` */
    WORD_DESERT,       /* rank: likewise, and the others may wait for me for ever, inside MPI */
    WORD_TERMINAL,     /* rank: I read from the terminal; supervisor: go on */
    WORD_SIGNAL,       /* rank: do as if signal `value` had come to you */
    WORD_INTERRUPTIBLE /* rank: SIGUSR1 makes me end in good order, or (0) no longer */
};

struct message {
    int32_t word; /* enum word */
    int32_t value;
};

enum {
    CHANNEL_NAME_SIZE = 64, /* bytes of a name with its end */
    MOST_FILES = 3          /* that travel with one message */
};

/* Listens under a new name that nobody can guess. Returns a file, or -1. */
int rpi_channel_listen(char name[CHANNEL_NAME_SIZE]);

/* Accepts a connection of a process of this user. Returns a file and the process, or -1. */
int rpi_channel_accept(int listener, pid_t *peer);

/* Connects to a listener of this user. Returns a file, or -1. */
int rpi_channel_connect(const char *name);

/* Sends a message, and open files with it. False if nobody is there. Safe in a signal handler. */
bool rpi_channel_send(int channel, struct message message, const int *files, int count);

/* Waits for a message. Returns 1; 0 if the other side is gone; -1 on nonsense. Stores up to
 * MOST_FILES files that came with it, and -1 for the others. Safe in a signal handler. */
int rpi_channel_receive(int channel, struct message *message, int files[MOST_FILES]);

/* Is somebody at the other end still? */
bool rpi_channel_is_open(int channel);

#endif
