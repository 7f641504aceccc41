/* The orphaned work: what lanes leave behind whose ranks died, until others have taken it over. It is a
 * part of the work queue, in node memory, so that it outlives whoever settles it.
 *
 * Shared words:
 * executor  epoch << 32 | lane + 1 of the one that settles the orphaned work, 0 there: nobody does. Taken
 *           by compare-and-swap from nobody, with the next epoch, or from a lane that is lost;
 *           given up by a store. While it is held, lanes that look for work park: nothing below
 *           changes but by the executor.
 * hand      of a dead worker: units that the lane had in hand and did not finish. `left`: those of them,
 *           unless they were given up, and of its other suspects that nobody has taken yet; taken
 *           by compare-and-swap. Both are stored before
 * state     of the dead worker, by the executor; reset before a job.
 * queue     spans that belong to nobody; entries shrink by compare-and-swap. `length` of them
 *           count, all before `first` are used up. `more`: there was no room for all.
 * told      hands of which others have been told; written by who tells them (seq_cst).
 * failed    what is lost could not be found out.
 * issued    spans that came to the node beside `whole`, and may be anywhere in it; `issues` of them
 *           count. Written by the feeder when their units are offered (release), so what is there
 *           is not on its way.
 * whole, terms: constant while a job runs; prepared like the head of the work queue. */
#ifndef RANKPOOL_SCHED_ORPHANS_H
#define RANKPOOL_SCHED_ORPHANS_H

#include "base/eventcount.h"
#include "sched/unit_range.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

enum dead_worker_state {
    DEAD_WORKER_NONE,    /* the lane lives, or what it left has not been settled */
    DEAD_WORKER_SETTLED, /* what it had in hand is for others, to be tried one unit at a time */
    DEAD_WORKER_GIVEN_UP /* what it had in hand has ended too many */
};

struct dead_worker {
    _Atomic uint64_t hand, left;
    _Atomic uint32_t state;
};

/* What the death of a rank means for a job. */
struct orphaned_work_terms {
    uint32_t limit; /* a unit that was in so many hands when they died is given up */
    bool saved;     /* what a lost lane has finished is there; otherwise it is gone with its rank */
    bool stops;     /* the job stops when a unit is given up */
    bool tells;     /* nobody takes what was in a hand before it is told elsewhere that it was */
};

struct orphaned_work {
    alignas(128) _Atomic uint64_t coordinator;
    struct eventcount parking; /* news: somebody parked */
    _Atomic uint32_t first, length, more, failed, told;
    _Atomic uint32_t issues;
    struct unit_range whole; /* the units that the node began with */
    struct orphaned_work_terms terms;
    uint32_t lanes, capacity;
    struct dead_worker dead_worker[]; /* of each lane; behind them the queue, and what was issued */
};

size_t rpi_orphaned_work_bytes(uint32_t lanes, uint32_t capacity);

/* Makes an orphaned work in zeroed memory. */
void rpi_orphaned_work_make(struct orphaned_work *orphaned_work, uint32_t lanes, uint32_t capacity);

/* Prepares it for a job, as the head of the work queue. */
void rpi_orphaned_work_prepare(struct orphaned_work *orphaned_work, struct unit_range whole,
                               struct orphaned_work_terms terms);

/* Notes a span that has been issued. For the feeder: false where there is no room for more. */
bool rpi_orphaned_work_issue(struct orphaned_work *orphaned_work, struct unit_range unit_range);
bool rpi_orphaned_work_issue_room(struct orphaned_work *orphaned_work);

/* Reads the next span that was issued; begin with *place = 0. False: there is none. */
bool rpi_orphaned_work_next_issue(struct orphaned_work *orphaned_work, uint32_t *place,
                                  struct unit_range *unit_range);

/* Puts up to `capacity` spans into the queue; `found`: how many there are in all. For
 * the executor. */
void rpi_orphaned_work_queue(struct orphaned_work *orphaned_work,
                             const struct unit_range *unit_ranges, uint32_t found);

/* Takes from the queue: of a span a lane's share, but at least so many units. */
bool rpi_orphaned_work_take(struct orphaned_work *orphaned_work, uint32_t least,
                            struct unit_range *taken);

/* Takes some of the units that were in a hand that died. */
bool rpi_orphaned_work_take_suspects(struct orphaned_work *orphaned_work, struct unit_range *taken);

/* Units that were in hands that died, and that nobody has taken. */
uint32_t rpi_orphaned_work_suspects(struct orphaned_work *orphaned_work);

/* Has everything been taken, though there was more than the queue could hold? */
bool rpi_orphaned_work_exhausted(struct orphaned_work *orphaned_work);

/* In how many hands that died was this unit? */
uint32_t rpi_orphaned_work_deaths(struct orphaned_work *orphaned_work, uint32_t unit);

/* Of how many lanes has been settled what they had in hand? And what was it? False: it is not,
 * or nothing. */
int rpi_orphaned_work_settled(struct orphaned_work *orphaned_work);
bool rpi_orphaned_work_hand(struct orphaned_work *orphaned_work, uint32_t lane,
                            struct unit_range *hand);

/* It has been told of so many. */
void rpi_orphaned_work_tell(struct orphaned_work *orphaned_work, int settled);

/* The next span that was given up: the lowest behind *span. False: there is none. */
bool rpi_orphaned_work_next_given_up(struct orphaned_work *orphaned_work,
                                     struct unit_range *unit_range);

#endif
