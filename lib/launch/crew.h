/* The supervisor's ranks: those that have said hello, and with that are on this machine. */
#ifndef RANKPOOL_LAUNCH_CREW_H
#define RANKPOOL_LAUNCH_CREW_H

#include "launch/events.h"
#include "launch/standing.h"

#include <sys/types.h>

/* One rank. While its channel is open the process lives, and nobody else has its number. */
struct member {
    struct source source; /* its channel */
    struct member *next;
    void *supervisor; /* whose crew it is in, for its source's events */
    pid_t process;
    int rank;                   /* -1 until it says hello */
    bool has_spoken;            /* its verdict */
    struct standing_page *page; /* or NULL */
};

struct crew {
    struct member *first;
};

/* A new member with this channel, or NULL without memory.
 * The rest of its source is the caller's. */
struct member *rpi_crew_add(struct crew *crew, int channel, pid_t process);

/* The member is gone: closes its channel and frees it. */
void rpi_crew_remove(struct crew *crew, struct member *member);

/* Is there a member with this rank? */
bool rpi_crew_has(const struct crew *crew, int rank);

/* Sends a signal to every member that has said hello. */
void rpi_crew_signal(const struct crew *crew, int signal_number);

#endif
