/* The plate: a field on a grid of ranks, and time steps of it.
 *
 * A step computes little with each number that it loads, and memory is slower than the cores: two
 * of them can already saturate it. So several steps are taken in one sweep over the block. When a
 * row has taken its first step, the row above takes its second, the one above that its third; their
 * inputs are still in the cache. The ranks exchange halos before each sweep, as many rows and
 * columns wide as the sweep has steps, and meanwhile compute all cells that do not depend on
 * them. */
#ifndef RANKPOOL_APPS_DIFFUSION_PLATE_H
#define RANKPOOL_APPS_DIFFUSION_PLATE_H

#include "diffusion/kernel.h"

struct plate {
    rp_pool *pool;
    rp_grid *grid;
    int depth;        /* most steps in a sweep: the width of the grid's halo */
    double *field[2]; /* used by turns; the first holds the values */
    int64_t rows, columns, stride;
    bool above, below, left, right; /* whether there is a neighbour */
};

/* Opens a plate of all_rows x all_columns cells, all zero. Collective, like all of these; they
 * return the status of the grid's calls on every rank. */
rp_status plate_open(rp_pool *pool, int64_t all_rows, int64_t all_columns, struct plate *plate);

/* Takes steps. After an error the plate can only be closed; the status may be this rank's own.
 * RP_ERR_INTERRUPTED if the pool was interrupted. */
rp_status plate_step(struct plate *plate, int64_t steps, struct weights weights);

/* Closes it, even if plate_open() failed. */
rp_status plate_close(struct plate *plate);

#endif
