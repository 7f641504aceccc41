/* The vigil: who of the other agents was heard when. One that is silent for too long is
 * lost; so that nobody is silent without a reason, agents give signs of life when they have
 * nothing to say. */
#ifndef RANKPOOL_POOL_VIGIL_H
#define RANKPOOL_POOL_VIGIL_H

#include <stdbool.h>

struct vigil {
    double limit;  /* seconds of silence that are too many; 0: nobody is watched */
    double *heard; /* by node: when last; INFINITY: it is not watched */
    double spoken; /* when this agent last gave a sign of life */
    int nodes;
};

/* Watches nobody yet. False without memory. */
bool rpi_vigil_begin(struct vigil *vigil, int nodes, double limit);

void rpi_vigil_end(struct vigil *vigil);

/* From now on the node is watched. */
void rpi_vigil_watch(struct vigil *vigil, int node, double now);

/* The node has been heard; it will say nothing more. */
void rpi_vigil_hear(struct vigil *vigil, int node, double now);
void rpi_vigil_dismiss(struct vigil *vigil, int node);

/* The first node that has been silent for too long, or -1. */
int rpi_vigil_silent(const struct vigil *vigil, double now);

/* Is it time for a sign of life? If so, it counts as given. */
bool rpi_vigil_speak(struct vigil *vigil, double now);

#endif
