/* Batch queue: how a lane takes units from a batch that its node holds. The guided and factoring
 * schedules take chunks of decreasing length; the others take a share per lane. */
#ifndef RANKPOOL_SCHED_BATCH_QUEUE_H
#define RANKPOOL_SCHED_BATCH_QUEUE_H

#include "rankpool.h"
#include "sched/work_queue.h"

/* Decides how many units a lane takes. */
struct batch_queue_rule {
    rp_schedule schedule;
    uint32_t lanes;  /* of the node */
    uint32_t least;  /* lower limit on the units taken */
    uint64_t random; /* state of the random numbers; not 0: take random parts from either end */
};

/* Returns how many units to take, at least 1, from a batch of the units `whole` of which those from
 * `low` on are left. A pure function: the result is the same for every lane. */
uint32_t rpi_batch_queue_chunk(const struct batch_queue_rule *rule, struct unit_range whole,
                               uint32_t low);

/* Draws the next random number; does nothing if the rule is not random. */
void rpi_batch_queue_shuffle(struct batch_queue_rule *rule);

/* Takes units from a batch queue. Returns false if none are left. From a batch of suspects it takes
 * one of `lanes` parts, whatever the schedule, and nothing if the caller `shuns` them. */
bool rpi_batch_queue_take(struct batch_queue *batch_queue, const struct batch_queue_rule *rule,
                          bool shuns, struct unit_range *taken);

#endif
