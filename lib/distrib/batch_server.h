/* The dispatcher: the batch server on the root. It sends batches with their inputs to the nodes and
 * receives their results in place. It only reacts to messages and never waits. */
#ifndef RANKPOOL_DISTRIB_BATCH_SERVER_H
#define RANKPOOL_DISTRIB_BATCH_SERVER_H

#include "data/staging.h"
#include "distrib/message.h"
#include "engine/job.h"
#include "sched/batch_policy.h"
#include "sched/failure_accounting.h"

/* State of a node. */
struct dispatched_node {
    uint32_t inputs;             /* bit i: array i is sent to it */
    int wants;                   /* requests not answered yet */
    double seconds;              /* `seconds` of the last request */
    struct delivery *deliveries; /* where ranks survive deaths: results of an incomplete batch */
};

struct delivery; /* results received, or about to be */

struct dispatcher {
    struct node_link *link; /* to the agents of all nodes */
    const struct world *world;
    struct accounting *accounting; /* the pool's, of this job */
    /* Receives results of a node: in place or, where ranks survive deaths, in a buffer. */
    int (*receive)(struct dispatcher *dispatcher, int node, char *to, size_t bytes);
    struct batch_policy dispatch;
    uint32_t begun; /* units that the nodes begin with */
    struct dispatched_node *nodes;
    const struct array *arrays; /* the root's */
    struct units units;
    int travelling; /* payload transfers from or to the root's memory in progress */
};

/* Creates the dispatcher of a job. `own`: staging on the root's node. NULL: out of memory. */
struct dispatcher *rpi_dispatcher_make(struct node_link *link, const struct array *arrays,
                                       int count, const struct staging *own, const struct job *job);

void rpi_dispatcher_drop(struct dispatcher *dispatcher);

/* Sends each node its first batch if the nodes begin without units. Returns an MPI error code, as
 * do the functions below. */
int rpi_dispatcher_open(struct dispatcher *dispatcher);

/* Handles a valid message from a node. */
int rpi_dispatcher_read(struct dispatcher *dispatcher, int from,
                        const struct agent_message *message);

/* Where ranks survive deaths: a node will contribute nothing more, in this round or at all. */
int rpi_dispatcher_give_up(struct dispatcher *dispatcher, int node);

#endif
