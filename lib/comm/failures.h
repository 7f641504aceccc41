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

/* The decision that ends the pool because this rank has died. */
struct decision rpi_decision_all_over(int rank);

/* Adapts a decision to the ranks that have died. */
struct decision rpi_apply_failures(const struct agreement *agreement,
                                   const struct failure_count *failure_count, enum call call,
                                   struct decision decision);

#endif
