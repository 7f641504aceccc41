/* Liveness of the ranks of a node. Each rank holds a robust lock in node memory; when it dies, the
 * kernel marks the lock. So a death is noticed without messages, without MPI, and without mistaking
 * a new process for the dead one.
 *
 * The thread that joins owns the lock, so it must live as long as the world does. If it ends
 * before, it ends its process with a message. */
#ifndef RANKPOOL_COMM_LIVENESS_H
#define RANKPOOL_COMM_LIVENESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct liveness_entry; /* one per rank, in node memory */

/* The private state of a rank. */
struct liveness {
    struct liveness_entry *place; /* of all members */
    int me, members;              /* 0 members: deaths are not detected, and no rank is dead */
    bool guarded;                 /* `thread` is a key */
    pthread_key_t thread;         /* that has a value in the thread that has joined */
};

/* Size of the entries in zeroed node memory, aligned to a page. */
size_t rpi_liveness_bytes(int members);

/* Initializes the entries. Called by one rank before any other uses them. Returns false if the
 * system does not support robust locks. */
bool rpi_liveness_prepare(struct liveness_entry *place, int members);

/* Starts tracking this rank, whose rank in the world is `rank`. */
bool rpi_liveness_join(struct liveness *liveness, struct liveness_entry *place, int members, int me,
                       int rank);

/* From here on the thread that has joined may end. */
void rpi_liveness_release(struct liveness *liveness);

/* Stops tracking this rank. Call it before the entries are unmapped. */
void rpi_liveness_leave(struct liveness *liveness);

/* Checks all members. Returns the number of known deaths so far. Costs a few ns per member. */
int rpi_liveness_look(struct liveness *liveness);

/* Are all members before this one dead? Looks at as few as that takes. */
bool rpi_liveness_first(const struct liveness *liveness);

/* After the memory of a member could not be accessed: is it dead? Looks for up to a second. The
 * kernel releases the memory of a process shortly before it reports its death, and while another
 * member looks, it holds the lock of the dead one. */
bool rpi_liveness_confirm(struct liveness *liveness, int member);

/* Is this member known to be dead? */
bool rpi_liveness_lost(const struct liveness *liveness, int member);

/* The rank of a member in the world. */
int rpi_liveness_rank(const struct liveness *liveness, int member);

#endif
