/* The fixed tree of a reduction: which partial results are joined follows from the leaves' indices
 * alone, so neither the number of ranks nor the schedule can change a bit of the result.
 *
 * A node (level, index) covers the leaves index * 2^level and up to 2^level
 * - 1 behind it. Two nodes whose first has an even index are joined to the
 * one above them, as a binary counter carries. A rank that works off a run
 * of leaves so holds some log2(leaves) nodes; runs that meet join later. */
#ifndef RANKPOOL_SCHED_REDUCTION_TREE_H
#define RANKPOOL_SCHED_REDUCTION_TREE_H

#include "rankpool.h"

struct tree_node {
    int64_t index;
    int32_t level;
};

/* Joins right to left: left = left (+) right. Returns 0, or an error code of the program. */
typedef int (*tree_join)(void *left, const void *right, void *closure);

/* Nodes with their values, in the order they came. */
struct tree {
    struct tree_node *nodes;
    char *values; /* value_size bytes each */
    int64_t count, capacity;
    size_t value_size;
    tree_join join;
    void *closure;
    int code; /* of a join that failed, or 0 */
};

/* A tree without nodes. */
struct tree rpi_tree_begin(size_t value_size, tree_join join, void *closure);

/* Is a node that has come from another rank one of a tree with so many leaves? */
bool rpi_tree_node_valid(struct tree_node node, int64_t leaves);

/* Adds a node with its value, joining as far as that goes. False without memory, or after a join
 * failed: then `code` is not 0. */
bool rpi_tree_add(struct tree *tree, struct tree_node node, const void *value);

/* Sorts the nodes by the leaves they cover and joins neighbours. False as above. */
bool rpi_tree_settle(struct tree *tree);

/* Joins what is left of a settled tree that has all leaves, from the right: a node without a right
 * neighbour goes up as it is. The first value is the result then. False as above. */
bool rpi_tree_finish(struct tree *tree);

/* Fills in why a tree could not take a node, or join what it has. */
rp_status rpi_tree_explain(const struct tree *tree, rp_error *error);

/* The value of node `place`. */
void *rpi_tree_value(const struct tree *tree, int64_t place);

void rpi_tree_end(struct tree *tree);

#endif
