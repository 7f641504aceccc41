/* The heartbeat: who of the other agents, or stream links, was heard when. One that is silent for too long
 * is lost; so that nobody is silent without a reason, they give signs of life when they have
 * nothing to say. */
#ifndef RANKPOOL_RESILIENCE_HEARTBEAT_H
#define RANKPOOL_RESILIENCE_HEARTBEAT_H

#include "comm/topology.h"

struct heartbeat {
    double limit;  /* seconds of silence that are too many; 0: nobody is watched */
    double *heard; /* by node: when last; INFINITY: it is not watched */
    double spoken; /* when this agent last gave a sign of life */
    int nodes;
};

/* Watches nobody yet. False without memory. */
bool rpi_heartbeat_begin(struct heartbeat *heartbeat, int nodes, double limit);

void rpi_heartbeat_end(struct heartbeat *heartbeat);

/* From now on the root's agent watches those of all other nodes, and they watch it. */
void rpi_heartbeat_watch(struct heartbeat *heartbeat, const struct world *world, double now);

/* The node has been heard; it will say nothing more. */
void rpi_heartbeat_heard(struct heartbeat *heartbeat, int node, double now);
void rpi_heartbeat_dismiss(struct heartbeat *heartbeat, int node);

/* The first node that has been silent for too long, or -1; and what is then to be told of it. */
int rpi_heartbeat_silent(const struct heartbeat *heartbeat, double now);
void rpi_heartbeat_accuse(const struct heartbeat *heartbeat, const struct world *world, int node,
                          rp_error *error);

/* Is it time for a sign of life? If so, it counts as given. */
bool rpi_heartbeat_spoke(struct heartbeat *heartbeat, double now);

#endif
