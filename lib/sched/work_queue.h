/* The work queue: all that the ranks of a node share while they work off a job. It lies in node memory
 * (in tests: in the memory of a process, with threads for ranks) and holds no pointers.
 *
 * Shared words, their writers and orders:
 * range     units a lane still has to hand out. The owner takes chunks from its front and thieves
 *           half from its back, each by compare-and-swap; only the owner makes it non-empty, by a
 *           release store. Absolute indices: an equal word means equal ownership, so a stale
 *           expectation that matches is right (no ABA).
 * chunk     the chunk in the owner's hands, LANE_SEEKS while it looks for more; written by the
 *           owner (release; LANE_SEEKS seq_cst), read by whoever supplies the node or recovers what
 *           is lost. The range, also an empty one, begins where the chunk ends, but for the moment
 *           between the stores of the two; LANE_EMPTY while the owner looks for more.
 * suspects  units that were in hands that died and that the owner is to try one by one, without the
 *           one it has in hand. Made non-empty by the owner, by a release store; the owner takes
 *           one from its front and thieves half from its back, each by compare-and-swap (acq_rel).
 *           Nobody touches those of a lane that is lost: they go to its dead worker.
 * left      of a batch queue: units of the node that belong to no lane yet; taken by compare-and-swap
 *           (acq_rel). Made non-empty by the feeder alone, by a release store, while it is empty;
 *           in a job without one, before the job begins. Units are issued once, so there is no ABA.
 * whole     of a batch queue: what `left` was at first. Stored before `left`, relaxed; a lane reads
 *           it after `left`, and its compare-and-swap of `left` fails if the batch queue was refilled
 *           since.
 * finished  of a batch queue: units done, counted (acq_rel) by those jobs whose results leave the
 *           node by batches, so whoever sees all of them there sees their results. Reset by the
 *           feeder.
 * attempt   of a batch queue: how often ranks died with its units in hand, on other nodes; stored
 *           before `left`, relaxed, and read as `whole` is. Units of a batch that has some are
 *           suspects.
 * listed    of a batch queue: `whole`, from when `left` holds it until the place is free again, in
 *           jobs whose batches have to stay until they are used up. Written by the feeder
 *           (release): see rpi_work_queue_account().
 * issue     units that came to this node so far, and the flag WORK_QUEUE_CLOSED: no more will come.
 *           Written by the feeder (seq_cst) before the units are offered.
 * done      units that the lane finished and flushed; seq_cst store by its owner when its range is
 *           empty (by the executor once the owner has died), so whoever adds up the number of a
 *           closed issue has seen all results. seq_cst here and at the issue: either the lane that
 *           adds the last units sees the others' and WORK_QUEUE_CLOSED and wakes everyone, or whoever
 *           closes sees those units done when it wakes everyone.
 * job       for which the lane is prepared; stored last (release). A lane whose rank died before
 *           has the words of an earlier job.
 * parked    epoch of the recovery that the owner waits for, or LANE_AWAY: it will claim nothing
 *           more; written by the owner (seq_cst).
 * lost      0, or 1 once somebody has noticed that the owner died; release.
 * left_by   lanes that will claim nothing more; acq_rel fetch_add.
 * failed    items that failed, where the job is given up after some; relaxed fetch_add, for it is a
 *           number alone.
 * stop      0, or 1 once a rank gave up; seq_cst store before a signal, relaxed load per claim.
 * interruption
 *           0, or why the pool is to end its work; stored seq_cst, by a signal handler, before
 *           `stop`. It stays for as long as the work queue.
 * signal    see base/eventcount.h: news are loot, a supply, the last units done, stop.
 * idle      likewise, for the feeder: a lane has nothing to do.
 * lanes, log_capacity, job: constant while a job runs.
 * What the dead leave: see sched/orphans.h.
 *
 * Between jobs all ranks meet (comm/agreement.h). Each lane and the head are prepared before the
 * agreement that opens a job and touched by others only after it: the agreement orders the two. */
#ifndef RANKPOOL_SCHED_WORK_QUEUE_H
#define RANKPOOL_SCHED_WORK_QUEUE_H

#include "base/eventcount.h"
#include "sched/completion_log.h"
#include "sched/orphans.h"

#include <stdalign.h>

/* In the word `issue`, above the number of units. */
static const uint64_t WORK_QUEUE_CLOSED = UINT64_C(1) << 32;

enum {
    APART = 128, /* twice a cache line: adjacent lines are fetched in pairs */
    RESERVOIRS = 4
};

/* Spans without a unit that no lane comes by otherwise. */
static const uint64_t LANE_SEEKS = UINT32_MAX, LANE_EMPTY = UINT64_MAX;
static const uint32_t LANE_AWAY = UINT32_MAX;

struct lane {
    alignas(APART) _Atomic uint64_t range;
    _Atomic uint64_t chunk;
    _Atomic uint64_t suspects;
    _Atomic uint32_t done;
    _Atomic uint32_t job;
    _Atomic uint32_t parked;
    _Atomic uint32_t lost;
};

/* A batch that the node holds. */
struct batch_queue {
    alignas(APART) _Atomic uint64_t left;
    _Atomic uint64_t whole;
    _Atomic uint64_t listed;
    _Atomic uint32_t finished;
    _Atomic uint32_t attempt;
};

struct work_queue {
    alignas(APART) struct eventcount signal;
    alignas(APART) struct eventcount idle;
    alignas(APART) _Atomic uint32_t stop;
    _Atomic uint32_t left_by;
    _Atomic uint32_t interruption;
    _Atomic uint64_t issue;
    _Atomic uint64_t failed;
    uint32_t lanes, log_capacity, job;
    struct batch_queue batch_queue[RESERVOIRS];
    struct lane lane[];
};

/* Bytes of shared memory, aligned to APART, for a work queue with so many lanes. */
size_t rpi_work_queue_bytes(uint32_t lanes);

/* Makes a work queue in zeroed memory. Called once, by one rank, before the others look. */
void rpi_work_queue_make(struct work_queue *work_queue, uint32_t lanes);

/* Prepares a job in which this node begins with the units of `mine`; those of `batch queue`, a part
 * of them, belong to no lane yet. `closed`: it will get no others. Called by one rank of the node
 * before the agreement that opens the job. */
void rpi_work_queue_prepare(struct work_queue *work_queue, struct unit_range mine,
                            struct unit_range batch_queue, bool closed);

/* The log of a lane. */
struct completion_log *rpi_work_queue_log(struct work_queue *work_queue, uint32_t lane);

/* What the dead leave. */
struct orphaned_work *rpi_work_queue_orphaned_work(struct work_queue *work_queue);

/* For the feeder: puts a batch into a batch queue from which everything has been taken. */
void rpi_work_queue_supply(struct work_queue *work_queue, int place, struct unit_range batch);

/* For the feeder, where ranks may die: how often some did, before the batch is put there. */
void rpi_work_queue_suspect(struct work_queue *work_queue, int place, uint32_t attempt);

/* The same: after the batch was put there, so that it is known to be the node's. `held`: until it
 * is rpi_work_queue_forget()ed; otherwise for good. */
void rpi_work_queue_account(struct work_queue *work_queue, int place, struct unit_range batch,
                            bool held);
void rpi_work_queue_forget(struct work_queue *work_queue, int place);

/* How often a unit that the caller has in hand, or that is on the node for sure, was in hands that
 * died on other nodes. */
uint32_t rpi_work_queue_attempt_of(struct work_queue *work_queue, uint32_t unit);

/* For the feeder: no more batches will come. */
void rpi_work_queue_close(struct work_queue *work_queue);

/* Units of this node that nobody has in hand. An estimate while lanes are at work. */
uint64_t rpi_work_queue_waiting(struct work_queue *work_queue);

/* Units in the hands of lanes that live, done or not; and how many lanes have none. Estimates
 * likewise. */
uint64_t rpi_work_queue_in_hand(struct work_queue *work_queue);
uint32_t rpi_work_queue_idle(struct work_queue *work_queue);

/* For the feeder: has everything been taken out of this batch queue? */
bool rpi_work_queue_drawn(struct work_queue *work_queue, int place);

/* Says that this lane will claim no more of the job; and: have all lanes said so that live? */
void rpi_work_queue_leave(struct work_queue *work_queue);
bool rpi_work_queue_left(struct work_queue *work_queue);

/* How many lanes there are whose ranks are not known to have died. */
uint32_t rpi_work_queue_alive(struct work_queue *work_queue);

/* The batch queue whose batch holds this unit, or -1. Sure for a unit that the caller has in hand. */
int rpi_work_queue_batch_of(struct work_queue *work_queue, uint32_t unit);

/* The units of the batch in a batch queue, as they were at first. Sure as above. */
struct unit_range rpi_work_queue_batch(struct work_queue *work_queue, int place);

/* Counts a chunk in hand as finished in its batch. */
void rpi_work_queue_finish(struct work_queue *work_queue, struct unit_range chunk);

/* For the feeder: is it known that all units of this batch, from which everything has been taken,
 * are finished, or given up? */
bool rpi_work_queue_accounted(struct work_queue *work_queue, int place);

/* For the feeder: are all units of this batch finished? */
bool rpi_work_queue_finished(struct work_queue *work_queue, int place);

/* Makes every lane stop at its next claim. */
void rpi_work_queue_stop(struct work_queue *work_queue);

/* Makes every lane stop, and says why in a number other than 0; the first reason stays, also for
 * the jobs to come. Safe in a signal handler. */
void rpi_work_queue_interrupt(struct work_queue *work_queue, uint32_t reason);

static inline uint32_t work_queue_interruption(const struct work_queue *work_queue)
{
    return atomic_load(&work_queue->interruption);
}

static inline bool work_queue_stopped(struct work_queue *work_queue)
{
    return atomic_load_explicit(&work_queue->stop, memory_order_relaxed) != 0;
}

/* May more units come to this node? Only for guesses: for what is sure see rpi_work_queue_done(). */
static inline bool work_queue_open(struct work_queue *work_queue)
{
    return (atomic_load_explicit(&work_queue->issue, memory_order_relaxed) & WORK_QUEUE_CLOSED) ==
           0;
}

static inline uint32_t work_queue_issued(struct work_queue *work_queue)
{
    return (uint32_t)atomic_load(&work_queue->issue);
}

/* Units that lanes have finished and flushed. */
uint32_t rpi_work_queue_finished_units(struct work_queue *work_queue);

/* Has every unit been done that this node has and will ever get? */
bool rpi_work_queue_done(struct work_queue *work_queue);

#endif
