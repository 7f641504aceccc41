/* The plate: a field on a grid of ranks, and steps of it.
 *
 * A step does little with each number it loads, and memory is slower than the cores: two of them
 * can already ask for more than it gives. So several steps are taken in one sweep over the block.
 * When a row has taken its first step, the row above takes its second, the one above that its
 * third; what they need is still in the cache. The ranks exchange borders before each sweep, as
 * many rows and columns wide as the sweep has steps, and compute meanwhile all that does not depend
 * on them. */
#ifndef RANKPOOL_APPS_DIFFUSION_PLATE_H
#define RANKPOOL_APPS_DIFFUSION_PLATE_H

#include "diffusion/kernel.h"

struct plate {
    rp_pool *pool;
    rp_grid *grid;
    int depth;        /* most steps in a sweep: the width of the grid's halo */
    double *field[2]; /* by turns; the first holds the values */
    int64_t rows, columns, stride;
    bool above, below, left, right; /* is there a neighbour? */
};

/* Opens a plate of all_rows x all_columns cells, all zero. Collective, as all of these; they
 * return, on every rank, the status of the grid's calls. */
rp_status plate_open(rp_pool *pool, int64_t all_rows, int64_t all_columns, struct plate *plate);

/* Takes steps. After an error the plate can only be closed; its status may be this rank's own.
 * RP_ERR_INTERRUPTED if the pool was interrupted. */
rp_status plate_step(struct plate *plate, int64_t steps, struct weights weights);

/* Closes it, also one that plate_open() could not open. */
rp_status plate_close(struct plate *plate);

#endif
