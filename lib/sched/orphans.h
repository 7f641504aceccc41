/* Orphaned work: the units that dead ranks leave behind, until other lanes take them. It is part of
 * the work queue, in node memory, so that it outlives the coordinator that recovers the units.
 *
 * Shared words:
 * coordinator
 *           epoch << 32 | lane + 1 of the lane that recovers lost units; lower half 0: none. Taken
 *           by compare-and-swap if there is none, with the next epoch, or from a lost lane, in its
 *           epoch; released by a store. While it is held, lanes that look for work park, and only
 *           the coordinator changes the words below, except `reported` and `issued`.
 * chunk     of a dead worker: units that the lane had started and did not finish.
 * state     of a dead worker: stored by the coordinator after `chunk`; reset before a job.
 * queue     unit ranges that belong to no lane; entries shrink by compare-and-swap. `length` of
 *           them are valid; those before `first` are used up; those from `suspects` on are
 *           suspects. `more`: there was no room for all.
 * deferred  number of suspects that are left to another round: they count as done.
 * reported  number of dead workers whose chunks were reported to the root; written by the node
 *           agent (seq_cst).
 * failed    not 0: the lost units could not be determined.
 * issued    unit ranges that the node got in addition to `whole` and that may be anywhere on it;
 *           `issues` of them are valid. Written by the node agent once it has supplied the units
 *           (release), so none of them is still to arrive.
 * whole, terms: constant while a job runs; prepared with the head of the work queue. */
#ifndef RANKPOOL_SCHED_ORPHANS_H
#define RANKPOOL_SCHED_ORPHANS_H

#include "base/eventcount.h"
#include "sched/interval_set.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

enum dead_worker_state {
    DEAD_WORKER_NONE,    /* the lane is alive, or its death has not been settled */
    DEAD_WORKER_SETTLED, /* its chunk is suspect: other lanes try it, one unit at a time */
    DEAD_WORKER_GIVEN_UP /* its chunk is given up: too many ranks have died in it */
};

struct dead_worker {
    _Atomic uint64_t chunk;
    _Atomic uint32_t state;
};

/* How a job handles the death of a rank. */
struct orphaned_work_terms {
    uint32_t limit; /* a unit is given up after this many ranks have died in it */
    bool saved;     /* the results of a lost lane survive; otherwise they are lost with its rank */
    bool stops;     /* the job stops when a unit is given up */
    bool reports;   /* reissue a dead rank's chunk only once the agent has reported it */
    bool defers;    /* leave suspects to other nodes in another round if only one rank is left */
};

struct orphaned_work {
    alignas(128) _Atomic uint64_t coordinator;
    struct eventcount parking; /* notified when a lane parks */
    _Atomic uint32_t first, suspects, length, more, deferred, failed, reported;
    _Atomic uint32_t issues;
    struct unit_range whole; /* the node's initial units */
    struct orphaned_work_terms terms;
    uint32_t lanes, capacity;
    struct dead_worker dead_worker[]; /* one per lane, followed by `queue` and `issued` */
};

/* Returns the size in bytes. */
size_t rpi_orphaned_work_bytes(uint32_t lanes, uint32_t capacity);

/* Initializes the structure in zeroed memory. */
void rpi_orphaned_work_make(struct orphaned_work *orphaned_work, uint32_t lanes, uint32_t capacity);

/* Prepares a job; see rpi_work_queue_prepare(). */
void rpi_orphaned_work_prepare(struct orphaned_work *orphaned_work, struct unit_range whole,
                               struct orphaned_work_terms terms);

/* For the node agent: records a range as issued, or asks whether there is room for another. Both
 * return false if there is none. */
bool rpi_orphaned_work_issue(struct orphaned_work *orphaned_work, struct unit_range unit_range);
bool rpi_orphaned_work_issue_room(struct orphaned_work *orphaned_work);

/* Reads the next issued range, starting with *place = 0. Returns false after the last. */
bool rpi_orphaned_work_next_issue(struct orphaned_work *orphaned_work, uint32_t *place,
                                  struct unit_range *unit_range);

/* For the coordinator: replaces the queue by these ranges, as many as there is room for. */
void rpi_orphaned_work_queue(struct orphaned_work *orphaned_work, const struct interval_set *others,
                             const struct interval_set *suspects);

/* Takes units from the queue: 1/lanes of a range, but at least `least` units, or less of suspects.
 * `shuns`: takes no suspects. Returns false if there are none to take (yet). */
bool rpi_orphaned_work_take(struct orphaned_work *orphaned_work, uint32_t least, bool shuns,
                            struct unit_range *taken);

/* Returns the enum dead_worker_state of a lane. */
uint32_t rpi_orphaned_work_state(struct orphaned_work *orphaned_work, uint32_t lane);

/* Is the queue used up, although more ranges were found than it could hold? */
bool rpi_orphaned_work_exhausted(struct orphaned_work *orphaned_work);

/* Returns how many ranks of this node died in a chunk with this unit. */
uint32_t rpi_orphaned_work_deaths(struct orphaned_work *orphaned_work, uint32_t unit);

/* Returns the number of dead workers whose chunks have been settled; and the chunk of one: false if
 * it is not settled, or was empty. */
int rpi_orphaned_work_settled(struct orphaned_work *orphaned_work);
bool rpi_orphaned_work_lost_chunk(struct orphaned_work *orphaned_work, uint32_t lane,
                                  struct unit_range *chunk);

/* For the node agent: the chunks of `settled` dead workers have been reported to the root. */
void rpi_orphaned_work_set_reported(struct orphaned_work *orphaned_work, int settled);
int rpi_orphaned_work_reported(struct orphaned_work *orphaned_work);

/* Finds the lowest range behind *unit_range that was given up. Returns false after the last. */
bool rpi_orphaned_work_next_given_up(struct orphaned_work *orphaned_work,
                                     struct unit_range *unit_range);

#endif
