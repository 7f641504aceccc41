/* Speed: how many units per second a node does, from what it has done so far. Pure arithmetic. */
#ifndef RANKPOOL_SCHED_THROUGHPUT_H
#define RANKPOOL_SCHED_THROUGHPUT_H

#include <stdint.h>

struct throughput {
    double units_per_second; /* smoothed; 0: nothing done yet */
    double since;            /* when the last measurement ended */
    uint32_t done;           /* units done by then */
};

struct throughput rpi_throughput_start(double now);

/* Learns that so many units have been done by now. */
void rpi_throughput_learn(struct throughput *speed, double now, uint32_t done);

#endif
