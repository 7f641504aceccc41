/* Saves the partial results of a reduction: the tree nodes that ranks hold. A node joins the same
 * leaves in every run, so its bits are the same too. */
#ifndef RANKPOOL_ENGINE_SAVE_REDUCE_H
#define RANKPOOL_ENGINE_SAVE_REDUCE_H

#include "engine/save_items.h"
#include "sched/reduction_tree.h"

struct reduce_saving {
    struct saving saving;
    struct tree *tree; /* this rank's partial results */
    int64_t n, leaf;
    struct tree_node *added; /* tree nodes that are in the journal; owned */
    int64_t count;
};

/* Begins to save the partial results of the job that the ranks have agreed to open. */
void rpi_reduce_saving_begin(struct reduce_saving *saving, rp_pool *pool,
                             const struct job_form *form, struct tree *tree);

/* On the root: puts the saved partial results into the tree, before any rank computes. The other
 * ranks skip these leaves. */
rp_status rpi_reduce_saving_restore(struct reduce_saving *saving, rp_error *error);

void rpi_reduce_saving_end(struct reduce_saving *saving, rp_status status);

#endif
