/* The dispatcher: the part of the root that hands batches to nodes, with the inputs that travel,
 * and takes their results straight into place. It acts on messages only, and never waits. */
#ifndef RANKPOOL_DISTRIB_BATCH_SERVER_H
#define RANKPOOL_DISTRIB_BATCH_SERVER_H

#include "comm/channel.h"
#include "data/staging.h"
#include "distrib/message.h"
#include "engine/job.h"
#include "sched/batch_policy.h"
#include "sched/failure_accounting.h"

/* A node as the dispatcher sees it. */
struct dispatched_node {
    uint32_t inputs;       /* bit i: array i travels to it */
    bool closed, finished; /* it has had its MESSAGE_CLOSED; its MESSAGE_FINISHED has come */
    /* Where ranks survive: */
    int agent;                   /* the rank that writes for it; -1: none has */
    int wants;                   /* requests that were not answered, */
    double seconds;              /* and what the last of them said */
    struct delivery *deliveries; /* results of a batch that is not complete */
    uint32_t tries;              /* suspects that it can well do with at a time */
    double given;                /* when it was last given something */
};

struct delivery; /* results that have come, or are about to */

struct dispatcher {
    const struct world *world;
    struct accounting *accounting; /* where ranks survive; or NULL */
    bool first_round;
    struct batch_policy dispatch;
    struct dispatched_node *nodes;
    const struct array *arrays; /* the root's */
    struct units units;
    int64_t job;
    int unfinished; /* nodes whose MESSAGE_FINISHED has not come */
    int travelling; /* payloads on their way from or to the root's memory */
    bool stopped;
    int lost; /* a node, or -1 */
};

/* Makes the dispatcher of a job. `own`: how arrays are staged on the root's node.
 * NULL: no memory. */
struct dispatcher *rpi_dispatcher_make(const rp_pool *pool, const struct array *arrays, int count,
                                       const struct staging *own, const struct job *job);

void rpi_dispatcher_drop(struct dispatcher *dispatcher);

/* Sends each node its first batch, where the nodes begin with nothing. Returns MPI's error code,
 * as the next. */
int rpi_dispatcher_open(struct dispatcher *dispatcher, struct channel *channel);

/* Acts on a message to the dispatcher. */
int rpi_dispatcher_read(struct dispatcher *dispatcher, struct channel *channel, int from,
                        const struct agent_message *message);

/* Where ranks survive, before it acts on a message: is it of the rank that writes for its node? */
bool rpi_dispatcher_on_message(struct dispatcher *dispatcher, int rank);

/* The same: looks whether nodes have come to the end of their part for good, or for this round. */
int rpi_dispatcher_look(struct dispatcher *dispatcher, struct channel *channel);

/* A node is lost: tells the others. */
int rpi_dispatcher_lose(struct dispatcher *dispatcher, struct channel *channel, int node);

/* Have all nodes finished, and have their results arrived? */
bool rpi_dispatcher_over(const struct dispatcher *dispatcher);

#endif
