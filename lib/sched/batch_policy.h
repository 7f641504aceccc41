/* Batch policy: how many units the dispatcher gives a node next, from the measured speeds of the
 * nodes. Pure logic, testable without nodes.
 *
 * Factoring: half of the remaining units is divided among the nodes by speed, so batches shrink
 * towards the end and their number grows with the logarithm of the job. A batch lasts at least
 * until the next one can arrive, or is the node's last. */
#ifndef RANKPOOL_SCHED_BATCH_POLICY_H
#define RANKPOOL_SCHED_BATCH_POLICY_H

#include "rankpool.h"

#include <stddef.h>
#include <stdint.h>

/* What the dispatcher knows about a node. */
struct dispatch_node {
    uint32_t ranks;
    uint32_t most;   /* limit on the units of a batch */
    uint32_t last;   /* units in its last batch; 0: none yet */
    uint32_t issued; /* units that it has got */
    double speed;    /* units per second; 0: not measured yet; see below */
};

/* The sums make a choice take the same time for any number of nodes. */
struct batch_policy {
    uint32_t least; /* lower limit on the units of a batch */
    int nodes;
    struct dispatch_node *node; /* owned by the caller */
    double speed;               /* of all nodes measured so far */
    int64_t ranks, measured;    /* of all nodes; of those measured */
    uint64_t issued;            /* units that all nodes have got */
};

/* Call once `nodes` and `node` are set. */
void rpi_batch_policy_begin(struct batch_policy *policy);

/* Records the speed of a node; 0: not measured yet. */
void rpi_batch_policy_learn(struct batch_policy *policy, int node, double speed);

/* Records units that a node gets without asking. */
void rpi_batch_policy_issue(struct batch_policy *policy, int node, uint32_t units);

/* Returns how many units, counted from the first, are distributed when the job starts, to each node
 * in proportion to its ranks: all of them with one node or a static schedule; otherwise 5 %, so
 * that a long item among them does not tie many others to its node, but at least one per rank. */
uint32_t rpi_batch_policy_initial(uint32_t units, int ranks, int nodes, rp_schedule schedule);

/* Returns how many of the `left` units a node gets next, and records that it has them: at least
 * one, if there are any. `seconds`: time until the node could get another batch. */
uint32_t rpi_batch_policy_next(struct batch_policy *policy, int node, uint32_t left,
                               double seconds);

/* Throughput of a node: units per second, smoothed. Pure arithmetic. */
struct throughput {
    double units_per_second; /* 0: not known yet */
    double since;            /* time at which the last measurement ended */
    uint32_t done;           /* units done by then */
};

struct throughput rpi_throughput_start(double now);

/* Records that the node has done `done` units of the job by the time `now`. A measurement ends only
 * if units have been finished. */
void rpi_throughput_learn(struct throughput *throughput, double now, uint32_t done);

/* Returns the throughput or, before it is known, what the first units suggest; 0: none is done.
 * Good enough to see that units will not last, too rough to divide the job by. */
double rpi_throughput_guess(const struct throughput *throughput, double now, uint32_t done);

#endif
