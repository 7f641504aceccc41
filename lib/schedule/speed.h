/* Speed: how many units per second a node does, from what it has done so far. Pure arithmetic. */
#ifndef RANKPOOL_SCHEDULE_SPEED_H
#define RANKPOOL_SCHEDULE_SPEED_H

#include <stdint.h>

struct speed {
    double units_per_second; /* smoothed; 0: nothing done yet */
    double since;            /* when the last measurement ended */
    uint32_t done;           /* units done by then */
};

struct speed rpi_speed_start(double now);

/* Learns that so many units have been done by now. */
void rpi_speed_learn(struct speed *speed, double now, uint32_t done);

#endif
