/* The heartbeat of a node link: when each peer was last heard. A peer that is silent for too long is
 * lost, so a side with nothing to send sends heartbeat messages. */
#ifndef RANKPOOL_DISTRIB_HEARTBEAT_H
#define RANKPOOL_DISTRIB_HEARTBEAT_H

#include "comm/topology.h"

struct heartbeat {
    double limit;     /* seconds of silence after which a node is lost; 0: nodes are not watched */
    double *received; /* by node: time of its last message; INFINITY: the node is not watched */
    double sent;      /* time of this side's last heartbeat message */
    double next_look; /* time at which to look for silent nodes again */
    int nodes;
};

/* Begins without watching any node. Returns false if out of memory. */
bool rpi_heartbeat_begin(struct heartbeat *heartbeat, int nodes, double limit);

void rpi_heartbeat_end(struct heartbeat *heartbeat);

/* Starts watching: on the root all other nodes, elsewhere the root's node. */
void rpi_heartbeat_watch(struct heartbeat *heartbeat, const struct world *world, double now);

/* Records a message from the node. */
void rpi_heartbeat_received(struct heartbeat *heartbeat, int node, double now);

/* Stops watching a node, which will send nothing more. */
void rpi_heartbeat_unwatch(struct heartbeat *heartbeat, int node);

/* The first node that has been silent for too long; or -1. Looks at the nodes a few times per limit
 * only, since steps are more frequent. */
int rpi_heartbeat_silent(struct heartbeat *heartbeat, double now);

/* Fills in the error for such a node. */
void rpi_heartbeat_error(const struct heartbeat *heartbeat, const struct world *world, int node,
                         rp_error *error);

/* Is a heartbeat message due? If so, it counts as sent. */
bool rpi_heartbeat_due(struct heartbeat *heartbeat, double now);

#endif
