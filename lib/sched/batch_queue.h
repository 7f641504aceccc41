/* What is taken from a node's batch queue: chunks, by the schedules that deal out decreasing ones;
 * shares, one for each lane, by the others. */
#ifndef RANKPOOL_SCHED_BATCH_QUEUE_H
#define RANKPOOL_SCHED_BATCH_QUEUE_H

#include "rankpool.h"
#include "sched/work_queue.h"

/* What decides how much is taken. */
struct batch_queue_rule {
    rp_schedule schedule;
    uint32_t lanes;  /* ranks that take */
    uint32_t least;  /* units at the least */
    uint64_t random; /* other than 0: parts of random length are taken, at a random end */
};

/* Units to take from a batch queue that held `whole` and has everything from `low` on left, at least
 * 1. Pure: the same whoever asks. */
uint32_t rpi_batch_queue_chunk(const struct batch_queue_rule *rule, struct unit_range whole,
                               uint32_t low);

/* Draws the next random number, if the rule is random. */
void rpi_batch_queue_shuffle(struct batch_queue_rule *rule);

/* Takes from a batch queue; false if nothing is left. Of a suspect batch it takes one of `lanes` parts,
 * whatever the schedule, and nothing for a `cautious` caller. `suspect`: whether the batch that the
 * units were taken from is one. */
bool rpi_batch_queue_take(struct batch_queue *batch_queue, const struct batch_queue_rule *rule,
                          bool cautious, struct unit_range *taken, bool *suspect);

#endif
