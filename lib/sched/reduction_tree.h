/* Reduction tree: which partial results are combined depends on the indices of the leaves alone, so
 * neither the number of ranks nor the schedule can change a bit of the result.
 *
 * A node (level, index) covers the 2^level leaves from index * 2^level on. Two adjacent nodes of a
 * level, the first with an even index, are joined to their parent, as a binary counter carries. So
 * a rank that computes a run of leaves holds about log2(leaves) nodes; adjacent runs are joined
 * later. */
#ifndef RANKPOOL_SCHED_REDUCTION_TREE_H
#define RANKPOOL_SCHED_REDUCTION_TREE_H

#include "rankpool.h"

struct tree_node {
    int64_t index;
    int32_t level;
};

/* Combines two values: left = left (+) right. Returns 0, or an error code of the program. */
typedef int (*tree_join)(void *left, const void *right, void *closure);

/* Nodes with their values, in the order in which they were added. */
struct tree {
    struct tree_node *nodes;
    char *values; /* value_size bytes each */
    int64_t count, capacity;
    size_t value_size;
    tree_join join;
    void *closure;
    int code; /* of the join that failed, or 0 */
};

/* Returns a tree without nodes. */
struct tree rpi_tree_begin(size_t value_size, tree_join join, void *closure);

/* Checks a node received from another rank: is it one of a tree with `leaves` leaves? */
bool rpi_tree_node_valid(struct tree_node node, int64_t leaves);

/* Writes `count` nodes from `first` on as bytes for another rank: the nodes, then their values.
 * Returns the number of bytes. */
size_t rpi_tree_pack(const struct tree *tree, int64_t first, int64_t count, void *to);

/* The size of `count` packed nodes. */
size_t rpi_tree_packed_bytes(size_t value_size, int64_t count);

/* Checks packed nodes received from another rank. */
bool rpi_tree_packed_valid(const void *packed, int64_t count, int64_t leaves);

/* Adds packed nodes. Returns false as rpi_tree_add() does. */
bool rpi_tree_add_packed(struct tree *tree, const void *packed, int64_t count);

/* Adds a node with its value and joins as far as possible. Returns false without memory, or if a
 * join has failed; then `code` is not 0. */
bool rpi_tree_add(struct tree *tree, struct tree_node node, const void *value);

/* Sorts the nodes by the leaves they cover and joins siblings. Returns false as above. */
bool rpi_tree_settle(struct tree *tree);

/* Joins the nodes of a settled tree that has all leaves, from the right: a node without a right
 * sibling moves up unchanged. The first value is then the result. Returns false as above. */
bool rpi_tree_finish(struct tree *tree);

/* Sets the error of a tree whose rpi_tree_add(), settle or finish returned false. */
rp_status rpi_tree_explain(const struct tree *tree, rp_error *error);

/* Returns the value of the node at `place`. */
void *rpi_tree_value(const struct tree *tree, int64_t place);

/* Frees the nodes and leaves an empty tree. */
void rpi_tree_end(struct tree *tree);

#endif
