/* The dispatcher: the batch server on the root. It sends batches with their inputs to the nodes and
 * receives their results in place. It only reacts to messages and never waits. */
#ifndef RANKPOOL_DISTRIB_BATCH_SERVER_H
#define RANKPOOL_DISTRIB_BATCH_SERVER_H

#include "comm/channel.h"
#include "data/staging.h"
#include "distrib/message.h"
#include "engine/job.h"
#include "sched/batch_policy.h"
#include "sched/failure_accounting.h"

/* State of a node. */
struct dispatched_node {
    uint32_t inputs;       /* bit i: array i is sent to it */
    bool closed, finished; /* MESSAGE_CLOSED was sent; MESSAGE_FINISHED was received */
    /* Where ranks survive deaths: */
    int agent;                   /* its leader's rank; -1: none has registered */
    int wants;                   /* requests not answered yet */
    double seconds;              /* `seconds` of the last request */
    struct delivery *deliveries; /* results of an incomplete batch */
    uint32_t tries;              /* suspects that it may get at a time */
    double given;                /* time of the last batch sent to it */
};

struct delivery; /* results received, or about to be */

struct dispatcher {
    const struct world *world;
    struct accounting *accounting; /* NULL unless ranks survive deaths */
    bool first_round;
    struct batch_policy dispatch;
    struct dispatched_node *nodes;
    const struct array *arrays; /* the root's */
    struct units units;
    int64_t job;
    int unfinished; /* nodes whose MESSAGE_FINISHED has not arrived */
    int travelling; /* payload transfers from or to the root's memory in progress */
    bool stopped;
    int lost; /* lost node, or -1 */
};

/* Creates the dispatcher of a job. `own`: staging on the root's node. NULL: out of memory. */
struct dispatcher *rpi_dispatcher_make(const rp_pool *pool, const struct array *arrays, int count,
                                       const struct staging *own, const struct job *job);

void rpi_dispatcher_drop(struct dispatcher *dispatcher);

/* Sends each node its first batch if the nodes begin without units. Returns an MPI error code, as
 * do the functions below. */
int rpi_dispatcher_open(struct dispatcher *dispatcher, struct channel *channel);

/* Handles a valid message from a node. */
int rpi_dispatcher_read(struct dispatcher *dispatcher, struct channel *channel, int from,
                        const struct agent_message *message);

/* Call before rpi_dispatcher_read() where ranks survive deaths. The first rank of a node that sends
 * a message becomes its leader; returns whether `rank` is the leader of its node. */
bool rpi_dispatcher_on_message(struct dispatcher *dispatcher, int rank);

/* Where ranks survive deaths: detects nodes that will contribute nothing more, in this round or at
 * all. */
int rpi_dispatcher_look(struct dispatcher *dispatcher, struct channel *channel);

/* Records that a node is lost, and stops the others. */
int rpi_dispatcher_lose(struct dispatcher *dispatcher, struct channel *channel, int node);

/* Have all nodes finished and all their results arrived? */
bool rpi_dispatcher_over(const struct dispatcher *dispatcher);

#endif
