/* The vigil: who of the other agents, or couriers, was heard when. One that is silent for too long
 * is lost; so that nobody is silent without a reason, they give signs of life when they have
 * nothing to say. */
#ifndef RANKPOOL_POOL_VIGIL_H
#define RANKPOOL_POOL_VIGIL_H

#include "world/world.h"

struct vigil {
    double limit;  /* seconds of silence that are too many; 0: nobody is watched */
    double *heard; /* by node: when last; INFINITY: it is not watched */
    double spoken; /* when this agent last gave a sign of life */
    int nodes;
};

/* Watches nobody yet. False without memory. */
bool rpi_vigil_begin(struct vigil *vigil, int nodes, double limit);

void rpi_vigil_end(struct vigil *vigil);

/* From now on the root's agent watches those of all other nodes, and they watch it. */
void rpi_vigil_watch(struct vigil *vigil, const struct world *world, double now);

/* The node has been heard; it will say nothing more. */
void rpi_vigil_hear(struct vigil *vigil, int node, double now);
void rpi_vigil_dismiss(struct vigil *vigil, int node);

/* The first node that has been silent for too long, or -1; and what is then to be told of it. */
int rpi_vigil_silent(const struct vigil *vigil, double now);
void rpi_vigil_accuse(const struct vigil *vigil, const struct world *world, int node,
                      rp_error *error);

/* Is it time for a sign of life? If so, it counts as given. */
bool rpi_vigil_speak(struct vigil *vigil, double now);

#endif
