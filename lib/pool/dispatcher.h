/* The dispatcher: the part of the root that hands batches to nodes, with the inputs that travel,
 * and takes their results straight into place. It acts on letters only, and never waits. */
#ifndef RANKPOOL_POOL_DISPATCHER_H
#define RANKPOOL_POOL_DISPATCHER_H

#include "pool/job.h"
#include "pool/letter.h"
#include "pool/stage.h"
#include "schedule/dispatch.h"
#include "schedule/ledger.h"
#include "world/post.h"

/* A node as the dispatcher sees it. */
struct dispatched_node {
    uint32_t inputs;       /* bit i: array i travels to it */
    bool closed, finished; /* it has had its LETTER_CLOSED; its LETTER_FINISHED has come */
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
    struct ledger *ledger; /* where ranks survive; or NULL */
    bool first_round;
    struct dispatch dispatch;
    struct dispatched_node *nodes;
    const struct array *arrays; /* the root's */
    struct units units;
    int64_t job;
    int unfinished; /* nodes whose LETTER_FINISHED has not come */
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
int rpi_dispatcher_open(struct dispatcher *dispatcher, struct post *post);

/* Acts on a letter to the dispatcher. */
int rpi_dispatcher_read(struct dispatcher *dispatcher, struct post *post, int from,
                        const struct letter *letter);

/* Where ranks survive, before it acts on a letter: is it of the rank that writes for its node? */
bool rpi_dispatcher_hear(struct dispatcher *dispatcher, int rank);

/* The same: looks whether nodes have come to the end of their part for good, or for this round. */
int rpi_dispatcher_look(struct dispatcher *dispatcher, struct post *post);

/* A node is lost: tells the others. */
int rpi_dispatcher_lose(struct dispatcher *dispatcher, struct post *post, int node);

/* Have all nodes finished, and have their results arrived? */
bool rpi_dispatcher_over(const struct dispatcher *dispatcher);

#endif
