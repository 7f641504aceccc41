/* Dispatch: which batch a node gets next. Pure logic, so that it can be tested without nodes.
 *
 * Factoring: half of what remains is divided among the nodes by their measured speed, so batches
 * get smaller towards the end and their number grows with the logarithm of the job. What a node
 * gets bridges at least the time until it could get more. */
#ifndef RANKPOOL_SCHED_BATCH_POLICY_H
#define RANKPOOL_SCHED_BATCH_POLICY_H

#include "rankpool.h"
#include "sched/unit_range.h"

#include <stddef.h>

/* What the dispatcher knows of a node. */
struct dispatch_node {
    uint32_t ranks;
    uint32_t most;         /* units in a batch at the most */
    uint32_t last;         /* units in its last batch; 0: there was none */
    double speed;          /* units per second, 0: not known yet */
    struct unit_range own; /* units that only this node may get, where nodes have shares */
};

struct batch_policy {
    struct unit_range left; /* units for whoever comes */
    uint32_t whole;         /* units of the job */
    uint32_t least;         /* units in a batch at the least */
    int nodes;
    struct dispatch_node *node; /* owned by the caller */
};

/* How many units, from the first on, the nodes begin with, each in proportion to its ranks: all of
 * them if there is one node or nodes have shares; otherwise 5 %, so that a long item early on does
 * not pin much to its node, but one for each rank. */
uint32_t rpi_batch_policy_beginning(uint32_t units, int ranks, int nodes, rp_schedule schedule);

/* The next batch for a node that could get more only after so many seconds. Empty: nothing left. */
struct unit_range rpi_batch_policy_next(struct batch_policy *dispatch, int node, double seconds);

/* Is nothing left for this node? */
bool rpi_batch_policy_exhausted(const struct batch_policy *dispatch, int node);

#endif
