/* Selection: where an array that every rank has sorted for itself must be cut so that the pieces,
 * from all ranks together, are near-equal blocks of the sorted whole. */
#ifndef RANKPOOL_COLLECTIVE_SELECT_H
#define RANKPOOL_COLLECTIVE_SELECT_H

#include "collective/collective.h"
#include "numeric/stable_sort.h"

/* A selection in progress, with its memory: allocated once, so that nothing can fail on one rank
 * later. There is one border less than ranks: border i, that of rank i, is between the blocks
 * of ranks i and i + 1. */
struct selection {
    rp_pool *pool;
    struct order order;        /* of the elements */
    struct order record_order; /* of the records that the ranks exchange about them */
    const char *sorted;        /* elements of this rank */
    int64_t *low, *high;       /* of each border: bounds of the cut in this rank's elements */
    int64_t *below;            /* of each border: elements before the pivot, on this rank */
    int64_t *counts;       /* the same from all ranks for one border, then of each on all ranks */
    char *mine;            /* a record for each border */
    char *arrived, *spare; /* from all ranks for the border of this rank; room to sort them */
    char *pivots;          /* of each border */
};

/* Returns false without memory. Free the selection in both cases. Local. */
bool rpi_selection_make(struct selection *selection, rp_pool *pool, const struct order *order);
void rpi_selection_free(struct selection *selection);

/* Finds the cuts: `low` and `high` are then equal. Of equal elements, those of lower ranks come
 * first. `n` elements are sorted here, `all` on all ranks. Collective; every rank gets the same
 * status, which is also the pool's. */
rp_status rpi_select_blocks(struct selection *selection, const char *sorted, int64_t n,
                            int64_t all);

/* Moves each cut to the first of the elements that are equal to the one behind it, on all ranks.
 * `n` as above. */
rp_status rpi_select_whole_groups(struct selection *selection, int64_t n);

#endif
