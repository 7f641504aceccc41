/* Recovery: when the rank of a lane has died, what it left goes to others.
 *
 * Whoever of the living first finds nothing else to do becomes the executor. Lanes that look for
 * work park, since what they are about to take is in nobody's words; lanes that have a chunk in
 * hand go on. When all are parked or at work, whatever of the job is neither finished, nor in a
 * range, nor in hand, is lost, and is queued. If the executor dies another begins anew: until it is
 * done, nobody has acted on what it wrote. */
#ifndef RANKPOOL_SCHED_RECOVERY_H
#define RANKPOOL_SCHED_RECOVERY_H

#include "sched/work_queue.h"

/* Attends to something beside the job. Returns after how many seconds it wants to be
 * called again. */
typedef double (*claim_attend)(void *closure);

/* The rank of this lane has died. Called by any rank that notices. */
void rpi_recovery_lose(struct work_queue *work_queue, uint32_t lane);

/* Is there something that nobody has settled? */
bool rpi_recovery_needed(struct work_queue *work_queue);

/* Is an executor at work? Ask after saying that one looks for work (seq_cst), before doing so. */
static inline bool recovery_runs(struct work_queue *work_queue)
{
    return (uint32_t)atomic_load(&rpi_work_queue_orphaned_work(work_queue)->coordinator) != 0;
}

/* Settles the orphaned work, unless somebody else does. `lane`: one's own, with nothing in hand. `attend`
 * is called while one waits for others, and may find that more have died. */
void rpi_recover(struct work_queue *work_queue, uint32_t lane, claim_attend attend, void *closure);

/* The chunk that a dead lane had in hand, unless its log, of so many entries, says that it
 * is finished. */
struct unit_range rpi_recovery_hand(struct work_queue *work_queue, uint32_t lane,
                                    const struct unit_range *log, uint32_t entries);

/* Waits until no executor is at work. Takes its place if it dies. */
void rpi_recovery_park(struct work_queue *work_queue, uint32_t lane, claim_attend attend,
                       void *closure);

#endif
