/* Suspects: units that were in hands that died. They are tried one at a time, so that it shows
 * which of them ends its rank; but a lane takes many, so that what it has finished of them is one
 * entry of its log. They lie in the lane's word `suspects`, where others may steal them. */
#ifndef RANKPOOL_SCHED_SUSPECTS_H
#define RANKPOOL_SCHED_SUSPECTS_H

#include "sched/work_queue.h"

/* For the owner of a lane that has none: these are its suspects now. */
void rpi_suspects_keep(struct lane *lane, struct unit_range taken);

/* For the owner: takes the first of them; false if there is none. */
bool rpi_suspects_next(struct lane *lane, struct unit_range *unit);

/* Takes half of those of the lane that has most, for lane `index`; false if there is none. */
bool rpi_suspects_steal(struct work_queue *work_queue, uint32_t index, struct unit_range *taken);

#endif
