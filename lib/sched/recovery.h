/* Recovery: makes the units of dead ranks available to the other lanes of the node.
 *
 * The first live lane that finds nothing else to do becomes the coordinator. Lanes that look for
 * work park, because units that they are about to take are in no shared word; lanes with a chunk go
 * on. Once all are parked or computing, the units that are neither finished, nor in a range, nor in
 * a chunk are lost, and the coordinator queues them. If it dies, another lane starts again: until
 * the coordinator steps down, no lane acts on what it has written. */
#ifndef RANKPOOL_SCHED_RECOVERY_H
#define RANKPOOL_SCHED_RECOVERY_H

#include "sched/work_queue.h"

/* Does periodic work beside the job. Returns after how many seconds it wants to be called again. */
typedef double (*claim_attend)(void *closure);

/* Marks a lane as lost. Called by any rank that detects the death of the lane's rank. */
void rpi_recovery_lose(struct work_queue *work_queue, uint32_t lane);

/* Is there a coordinator? A lane asks after it has stored LANE_SEEKS (seq_cst) and before it takes
 * units. */
static inline bool recovery_runs(struct work_queue *work_queue)
{
    return (uint32_t)atomic_load(&rpi_work_queue_orphaned_work(work_queue)->coordinator) != 0;
}

/* Recovers lost units, unless another lane is the coordinator. `lane`: the caller's, without a
 * chunk. `attend` is called while the coordinator waits for other lanes, and may find that more
 * have died. */
void rpi_recover(struct work_queue *work_queue, uint32_t lane, claim_attend attend, void *closure);

/* Returns the chunk of a dead lane, or an empty range if its log, of `entries` entries, has it. */
struct unit_range rpi_recovery_lost_chunk(struct work_queue *work_queue, uint32_t lane,
                                          const struct unit_range *log, uint32_t entries);

/* Waits until there is no coordinator. Takes its place if it dies. */
void rpi_recovery_park(struct work_queue *work_queue, uint32_t lane, claim_attend attend,
                       void *closure);

#endif
