/* Suspects: units of the chunks in which ranks died. A lane computes them one at a time, so that
 * the unit that kills its rank is identified. It takes many at once into its word `suspects`, so
 * that those it finishes are one entry of its log; other lanes may steal them from there. */
#ifndef RANKPOOL_SCHED_SUSPECTS_H
#define RANKPOOL_SCHED_SUSPECTS_H

#include "sched/work_queue.h"

/* For the owner of a lane without suspects: stores those that it has taken. */
void rpi_suspects_keep(struct lane *lane, struct unit_range taken);

/* For the owner: takes the first suspect; false if there is none. */
bool rpi_suspects_next(struct lane *lane, struct unit_range *unit);

/* For lane `index`: steals half the suspects of the lane with the most; false if there are none. */
bool rpi_suspects_steal(struct work_queue *work_queue, uint32_t index, struct unit_range *taken);

#endif
