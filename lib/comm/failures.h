/* How an agreement treats ranks that have died. */
#ifndef RANKPOOL_COMM_FAILURES_H
#define RANKPOOL_COMM_FAILURES_H

#include "comm/vote_summary.h"

/* The number of dead ranks, and the one to report: the root, or else the lowest. */
struct failure_count {
    int count, rank; /* -1: all are alive */
};

void rpi_failure_count_add(struct failure_count *failure_count, const struct failure_count *more);

/* Counts the dead ranks of this node. */
struct failure_count rpi_failure_count_of_node(const struct agreement *agreement);

/* Is the root a rank of this node, and dead? */
bool rpi_root_lost(const struct agreement *agreement);

/* Decides that the pool ends because this rank has died. */
void rpi_decision_all_over(struct decision *decision, int rank);

/* Adapts a decision to the ranks that have died. */
void rpi_apply_failures(const struct agreement *agreement,
                        const struct failure_count *failure_count, enum call call,
                        struct decision *decision);

/* Operations of an agreement: by the locks of this node, is a rank of it known to be dead, and is
 * this rank the first that lives? */
bool rpi_node_rank_lost(const struct agreement *agreement, int node_rank);
bool rpi_node_rank_first(const struct agreement *agreement);

#endif
