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

/* Is there a lost lane that has not been settled, or did lost units not fit the queue? */
bool rpi_recovery_needed(struct work_queue *work_queue);

/* Is there a coordinator? A lane asks after it has stored LANE_SEEKS (seq_cst) and before it takes
 * units. */
static inline bool recovery_runs(struct work_queue *work_queue)
{
    return (uint32_t)atomic_load(&rpi_work_queue_orphaned_work(work_queue)->coordinator) != 0;
}

/* Returns in how many deaths a unit was in progress, on this node and before on others. If not 0,
 * the unit is a suspect: it is computed in a chunk of its own, so that the next death accuses one
 * unit. No counter per unit: the record is the chunks of the dead and the `attempt` of batches. It
 * changes while no lane looks for work, so a lane that does can rely on it for a unit that it has
 * taken, or takes by a compare-and-swap that succeeds. */
uint32_t rpi_recovery_deaths(struct work_queue *work_queue, uint32_t unit);

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
