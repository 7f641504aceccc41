/* Work queue: the state that the ranks of a node share while they compute a job. It lies in node
 * memory (in tests: in process memory, with threads for ranks) and holds no pointers.
 *
 * Shared words, their writers and memory orders. The owner of a lane is its rank; the agent is the
 * node agent, which supplies batches.
 * range     units that a lane has yet to start. The owner pops chunks from its front and thieves
 *           take half from its back, each by compare-and-swap; only the owner makes it non-empty,
 *           by a release store. The only lane of a node has no thieves and pops by a relaxed
 *           store. Indices are absolute, so equal words mean equal ownership and a
 *           stale expected value that matches is correct (no ABA).
 * chunk     the owner's current chunk, or LANE_SEEKS while it looks for work; written by the owner
 *           (release; LANE_SEEKS seq_cst), read by the agent and by recovery. The range, even an
 *           empty one, begins where the chunk ends, except between the stores of the two; it is
 *           LANE_EMPTY while the owner looks for work.
 * begun     when the owner began its chunk, in nanoseconds of the node's clock; 0: it does not
 *           measure its chunks. Written by the owner (relaxed), read by the agent for an estimate:
 *           seen with another chunk it is wrong for a moment, which does no harm.
 * left      of a batch queue: units of the node that belong to no lane yet; taken by
 *           compare-and-swap (acq_rel). Made non-empty by the agent alone, by a release store,
 *           while it is empty; in a job without an agent, before the job starts. Units are issued
 *           once, so there is no ABA.
 * whole     of a batch queue: the initial value of `left`. Stored before `left`, relaxed; a lane
 *           loads it after `left`, and its compare-and-swap of `left` fails if the batch queue has
 *           been refilled since.
 * finished  of a batch queue: units done, counted (acq_rel) in jobs whose results leave the node by
 *           batches, so a reader that sees all units there sees their results. Reset by the agent.
 * attempt   of a batch queue: how many ranks of other nodes died in its units; stored before
 *           `left`, relaxed, and loaded like `whole`. If it is not 0, the units are suspects.
 * listed    of a batch queue: `whole`, from when `left` holds it until the queue is free again, in
 *           jobs whose batches stay until they are used up. Written by the agent (release): see
 *           rpi_work_queue_account().
 * issue     number of units that the node has got so far, and the flag WORK_QUEUE_CLOSED: no more
 *           will come. Written by the agent (seq_cst) before it offers the units.
 * done      units that the lane has finished and published; stored (seq_cst) by its owner when its
 *           range is empty (by the coordinator once the owner has died), so a rank whose sum equals
 *           that of a closed issue sees all results. Both are seq_cst: either the lane that adds
 *           the last units sees the others' and WORK_QUEUE_CLOSED and wakes all, or the agent that
 *           closes sees those units done when it wakes all. Where results die with their rank, the
 *           coordinator lowers it. No lane relies on a sum meanwhile, since those that look for
 *           work are parked; the agent may, which sends its last message too early then, and is
 *           prepared for that (rpi_agent_send_finish()).
 * job       the job for which the lane is prepared; stored last (release). A lane whose rank died
 *           before has the words of an earlier job.
 * parked    epoch of the recovery that the owner waits for, or LANE_AWAY: it will claim nothing
 *           more; written by the owner (seq_cst).
 * lost      0, or 1 once a rank has detected the death of the owner; release.
 * left_by   number of lanes that will claim nothing more; acq_rel fetch_add.
 * failed    number of failed items, if the job stops after some; relaxed fetch_add, because nothing
 *           else depends on it.
 * stop      0, or 1 once a rank has stopped the job; seq_cst store before a signal, relaxed load
 *           per claim.
 * enough    0, or 1 + the lowest item at which a rank has said that the job has found enough;
 *           lowered by compare-and-swap (seq_cst) before `stop` is stored. Every rank votes for
 *           what it sees, so it is known even if the rank that said it dies before it votes.
 * interruption
 *           0, or why the pool has to stop; stored seq_cst, by a signal handler, before `stop`. It
 *           stays as long as the work queue.
 * signal    eventcount (base/eventcount.h), notified of units to steal, of a supply, of the last
 *           units done and of `stop`.
 * idle      eventcount for the agent, notified when a lane has nothing to do.
 * lanes, log_capacity, job of the work queue: constant while a job runs.
 * The words of dead ranks' units: see sched/orphans.h.
 *
 * Between jobs all ranks meet (comm/agreement.h). The head and each lane are prepared before the
 * agreement that opens a job, and other ranks touch them only after it. */
#ifndef RANKPOOL_SCHED_WORK_QUEUE_H
#define RANKPOOL_SCHED_WORK_QUEUE_H

#include "base/eventcount.h"
#include "sched/completion_log.h"
#include "sched/orphans.h"

#include <stdalign.h>

/* Flag in `issue`, above the number of units. */
static const uint64_t WORK_QUEUE_CLOSED = UINT64_C(1) << 32;

enum {
    APART = 128, /* twice a cache line: adjacent lines are fetched in pairs */
    BATCH_QUEUES = 4
};

/* Empty ranges that do not occur otherwise. */
static const uint64_t LANE_SEEKS = UINT32_MAX, LANE_EMPTY = UINT64_MAX;
static const uint32_t LANE_AWAY = UINT32_MAX;

struct lane {
    alignas(APART) _Atomic uint64_t range;
    _Atomic uint64_t chunk;
    _Atomic uint64_t begun;
    _Atomic uint32_t done;
    _Atomic uint32_t job;
    _Atomic uint32_t parked;
    _Atomic uint32_t lost;
};

/* A batch of the node. */
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
    _Atomic uint64_t enough;
    uint32_t lanes, log_capacity, job;
    struct batch_queue batch_queue[BATCH_QUEUES];
    struct lane lane[];
};

/* Returns the bytes of shared memory, aligned to APART, for a work queue with `lanes` lanes. */
size_t rpi_work_queue_bytes(uint32_t lanes);

/* Initializes a work queue in zeroed memory. Called once, by one rank, before the others use it. */
void rpi_work_queue_make(struct work_queue *work_queue, uint32_t lanes);

/* Prepares a job whose initial units on this node are `mine`; those of `batch_queue`, a part of
 * them, belong to no lane yet. `closed`: the node will get no others. Called before the agreement
 * that opens the job, by one rank of the node or by several that store the same values. */
void rpi_work_queue_prepare(struct work_queue *work_queue, struct unit_range mine,
                            struct unit_range batch_queue, bool closed);

/* Returns the completion log of a lane. */
struct completion_log *rpi_work_queue_log(struct work_queue *work_queue, uint32_t lane);

/* Returns the orphaned work of the node. */
struct orphaned_work *rpi_work_queue_orphaned_work(struct work_queue *work_queue);

/* For the agent: puts a batch into an empty batch queue. */
void rpi_work_queue_supply(struct work_queue *work_queue, int place, struct unit_range batch);

/* For the agent, in jobs that survive deaths: sets `attempt` before the batch is supplied. */
void rpi_work_queue_set_attempt(struct work_queue *work_queue, int place, uint32_t attempt);

/* For the agent, in jobs that survive deaths: records after the supply that the units are this
 * node's. `held`: until rpi_work_queue_forget(); otherwise until the job ends. */
void rpi_work_queue_account(struct work_queue *work_queue, int place, struct unit_range batch,
                            bool held);
void rpi_work_queue_forget(struct work_queue *work_queue, int place);

/* Is there a lost lane that has not been settled, or did lost units not fit the queue? */
bool rpi_work_queue_needs_recovery(struct work_queue *work_queue);

/* Returns in how many deaths a unit was in progress, on this node and before on others. If not 0,
 * the unit is a suspect: it is computed in a chunk of its own, so that the next death accuses one
 * unit. No counter per unit: the record is the chunks of the dead and the `attempt` of batches. It
 * changes while no lane looks for work, so a lane that does can rely on it for a unit that it has
 * taken, or takes by a compare-and-swap that succeeds. */
uint32_t rpi_work_queue_deaths(struct work_queue *work_queue, uint32_t unit);

/* For the agent: records that no more batches will come. */
void rpi_work_queue_close(struct work_queue *work_queue);

/* Returns the number of units that no lane has started. An estimate while lanes compute. */
uint64_t rpi_work_queue_waiting(struct work_queue *work_queue);

/* Return the number of units in the chunks of live lanes, done or not, and the number of lanes
 * without a chunk. Estimates as well. */
uint64_t rpi_work_queue_in_progress(struct work_queue *work_queue);
uint32_t rpi_work_queue_idle(struct work_queue *work_queue);

/* Returns how many units the live lanes, which compute units_per_second together, will probably
 * have computed when the first of them has finished its chunk. Half of a chunk counts as left if
 * nothing better is known: its lane does not measure, it has one unit, whose duration may differ
 * from that of others, or it takes longer than expected. */
double rpi_work_queue_until_next(struct work_queue *work_queue, double units_per_second,
                                 double now);

/* For the agent: is this batch queue empty? */
bool rpi_work_queue_drained(struct work_queue *work_queue, int place);

/* Records that a lane will claim nothing more of the job; and: have all live lanes done so? */
void rpi_work_queue_leave(struct work_queue *work_queue);
bool rpi_work_queue_left(struct work_queue *work_queue);

/* Returns the number of lanes that are not lost. */
uint32_t rpi_work_queue_alive(struct work_queue *work_queue);

/* Returns the batch queue of a unit's batch, or -1. Reliable for a unit of the caller's chunk. */
int rpi_work_queue_batch_of(struct work_queue *work_queue, uint32_t unit);

/* Returns all units of the batch in a batch queue. As reliable as above. */
struct unit_range rpi_work_queue_batch(struct work_queue *work_queue, int place);

/* Counts the caller's chunk as finished in its batch. */
void rpi_work_queue_finish(struct work_queue *work_queue, struct unit_range chunk);

/* For the agent: are all units of this batch finished? */
bool rpi_work_queue_finished(struct work_queue *work_queue, int place);

/* Stops every lane at its next claim. */
void rpi_work_queue_stop(struct work_queue *work_queue);

/* Stops every lane, because the job has found enough at `item`. */
void rpi_work_queue_enough(struct work_queue *work_queue, int64_t item);

/* The lowest such item, or -1. */
static inline int64_t work_queue_enough(const struct work_queue *work_queue)
{
    return (int64_t)atomic_load(&work_queue->enough) - 1;
}

/* Stops every lane and stores the reason, which is not 0; the first one stays, also for later jobs.
 * Safe in a signal handler. */
void rpi_work_queue_interrupt(struct work_queue *work_queue, uint32_t reason);

static inline uint32_t work_queue_interruption(const struct work_queue *work_queue)
{
    return atomic_load(&work_queue->interruption);
}

static inline bool work_queue_stopped(struct work_queue *work_queue)
{
    return atomic_load_explicit(&work_queue->stop, memory_order_relaxed) != 0;
}

/* May the node get more units? Only a hint; rpi_work_queue_done() is reliable. */
static inline bool work_queue_open(struct work_queue *work_queue)
{
    return (atomic_load_explicit(&work_queue->issue, memory_order_relaxed) & WORK_QUEUE_CLOSED) ==
           0;
}

/* Returns the number of units that the node has got so far. */
static inline uint32_t work_queue_issued(struct work_queue *work_queue)
{
    return (uint32_t)atomic_load(&work_queue->issue);
}

/* Has the owner of a lane prepared it for the current job? */
static inline bool lane_prepared(const struct work_queue *work_queue, uint32_t index)
{
    return atomic_load_explicit(&work_queue->lane[index].job, memory_order_acquire) ==
           work_queue->job;
}

/* Is the owner of a lane dead? The second orders no later reads: for estimates, and for words whose
 * own order suffices. */
static inline bool lane_lost(const struct work_queue *work_queue, uint32_t index)
{
    return atomic_load_explicit(&work_queue->lane[index].lost, memory_order_acquire) != 0;
}

static inline bool lane_lost_relaxed(const struct work_queue *work_queue, uint32_t index)
{
    return atomic_load_explicit(&work_queue->lane[index].lost, memory_order_relaxed) != 0;
}

/* Returns the number of units that lanes have finished and published, or left to another round. */
uint32_t rpi_work_queue_finished_units(struct work_queue *work_queue);

/* Is every unit done that the node has got; and that it will get? */
bool rpi_work_queue_all_finished(struct work_queue *work_queue);
bool rpi_work_queue_done(struct work_queue *work_queue);

#endif
