/* The dispatcher: the batch server on the root, or of a group of nodes on its leader. It sends
 * batches with their inputs to the nodes that it serves and receives their results in place. It
 * only reacts to messages and never waits. To the root's dispatcher a group is one node. */
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

/* Where an element of an array is. */
struct dispatched_element {
    char *at;
    int *travelling; /* counts payload transfers from or to it */
};

struct dispatcher {
    struct node_link *link; /* to the agents of the nodes that it serves */
    const struct world *world;
    struct accounting *accounting; /* the pool's, of this job; or the group's */
    bool more;                     /* units may be added to those left */
    struct dispatched_element (*element)(struct dispatcher *dispatcher, int index, int64_t item);
    /* Receives results of a node: in place or, where ranks survive deaths, in a buffer. */
    int (*receive)(struct dispatcher *dispatcher, int node, struct dispatched_element to,
                   size_t bytes);
    struct batch_policy dispatch; /* by node; those that others serve have no ranks */
    uint32_t begun;               /* units that the nodes begin with */
    struct dispatched_node *nodes;
    const struct array *arrays; /* the root's */
    struct units units;
    int travelling; /* payload transfers from or to the root's memory in progress */
};

/* Creates the dispatcher of a job. `own`: staging on this node. `accounting`: of the units that it
 * dispatches. NULL: out of memory. */
struct dispatcher *rpi_dispatcher_make(struct node_link *link, const struct array *arrays,
                                       int count, const struct staging *own, const struct job *job,
                                       struct accounting *accounting);

/* On the root: records, in the first round, the units that each node begins with, and those that
 * are left. False: out of memory. */
bool rpi_dispatcher_record_initial(struct dispatcher *dispatcher, const struct job *job);

void rpi_dispatcher_drop(struct dispatcher *dispatcher);

/* Sends each node its first batch if the nodes begin without units. Returns an MPI error code, as
 * do the functions below. */
int rpi_dispatcher_open(struct dispatcher *dispatcher);

/* In a group: units have been added to those left; no more will be. */
int rpi_dispatcher_resume(struct dispatcher *dispatcher);
int rpi_dispatcher_end(struct dispatcher *dispatcher);

/* Handles a valid message from a node. */
int rpi_dispatcher_read(struct dispatcher *dispatcher, int from,
                        const struct agent_message *message);

/* Where ranks survive deaths: a node will contribute nothing more, in this round or at all. */
int rpi_dispatcher_give_up(struct dispatcher *dispatcher, int node);

#endif
