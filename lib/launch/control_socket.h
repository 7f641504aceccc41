/* Messages and file descriptors between processes of one user on one machine.
 *
 * The supervisor listens on a name in the abstract socket namespace: it leaves no file behind, and
 * neither another machine nor another user can connect. */
#ifndef RANKPOOL_LAUNCH_CONTROL_SOCKET_H
#define RANKPOOL_LAUNCH_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Message types. */
enum control_type {
    CONTROL_HELLO,          /* rank: I am rank `value`; with my state page (launch/rank_state.h) */
    CONTROL_FILE,           /* supervisor to rank 0: with a file that gets the number `value` */
    CONTROL_STANDARD_FILES, /* supervisor to rank 0: its standard files, from number `value` on */
    CONTROL_EXIT_CODE, /* rank: I exit with code `value`; my page says which ranks depend on me */
    CONTROL_TERMINAL,  /* rank: I want to read the terminal; supervisor: go on */
    CONTROL_SIGNAL,    /* rank: act as if you had received signal `value` */
    CONTROL_INTERRUPTIBLE /* rank: SIGUSR1 makes me end in good order (1), or no longer does (0) */
};

struct message {
    int32_t type; /* enum control_type */
    int32_t value;
};

enum {
    CONTROL_NAME_SIZE = 64, /* bytes of a name, with its terminating zero */
    MOST_FILES = 3          /* per message */
};

/* Listens on a new, unguessable name. Returns a file descriptor, or -1. */
int rpi_control_listen(char name[CONTROL_NAME_SIZE]);

/* Accepts a connection from a process of this user. Returns a file descriptor and the process, or
 * -1. */
int rpi_control_accept(int listener, pid_t *peer);

/* Connects to a listener of this user. Returns a file descriptor, or -1. */
int rpi_control_connect(const char *name);

/* Sends a message together with `count` file descriptors. False if the peer is gone.
 * Async-signal-safe. */
bool rpi_control_send(int channel, struct message message, const int *files, int count);

/* Waits for a message. Returns 1, 0 if the peer is gone, -1 if the message is malformed. Stores the
 * file descriptors that came with it, and -1 for the rest of MOST_FILES. Async-signal-safe. */
int rpi_control_receive(int channel, struct message *message, int files[MOST_FILES]);

/* Is the peer still connected? */
bool rpi_control_is_open(int channel);

#endif
