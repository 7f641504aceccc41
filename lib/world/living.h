/* Who of a node's ranks lives. Each rank holds a lock in node memory for as long as it is there;
 * when it dies, the kernel marks the lock. So a death is noticed without a message, without the
 * help of MPI, and without mistaking a new process for the one that is gone.
 *
 * The lock is held by the thread that joins: that thread has to live as long as the world does. */
#ifndef RANKPOOL_WORLD_LIVING_H
#define RANKPOOL_WORLD_LIVING_H

#include <stdbool.h>
#include <stddef.h>

struct life; /* of a rank, in node memory */

/* A rank's private side. */
struct living {
    struct life *place; /* of all; NULL: nobody looks after anybody */
    int me, members;
};

/* Bytes of zeroed node memory, aligned to a page. */
size_t rpi_living_bytes(int members);

/* Prepares the place. Called once, by one rank, before the others look. False if the
 * system cannot. */
bool rpi_living_prepare(struct life *place, int members);

/* From now on this rank, whose number in the world is `rank`, is looked after. */
bool rpi_living_join(struct living *living, struct life *place, int members, int me, int rank);

/* It is not any more. Before the place is unmapped. */
void rpi_living_leave(struct living *living);

/* Looks after everybody. Returns how many have died so far, as far as anyone knows. A few
 * ns for each. */
int rpi_living_look(struct living *living);

/* Is this member known to have died? Never true of a place that is NULL. */
bool rpi_living_lost(const struct living *living, int member);

/* The number in the world of a member. */
int rpi_living_rank(const struct living *living, int member);

#endif
