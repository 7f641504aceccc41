/* Fields whose cells have known bytes, for the tests of grids. */
#ifndef RANKPOOL_TESTS_GRID_FIELDS_H
#define RANKPOOL_TESTS_GRID_FIELDS_H

#include "rankpool.h"

/* Node sizes for the tests of exchanges: 0, the machine's nodes, or pretended nodes of that many
 * ranks. */
static const int node_sizes[] = {0, 1, 3};
enum {
    NODE_SIZES = sizeof node_sizes / sizeof node_sizes[0]
};

/* One rank's part of a field. */
struct part {
    rp_grid *grid;
    rp_grid_shape shape;
    unsigned char *field;
};

/* They fail the test if the library reports an error. */
rp_grid *open_grid(rp_pool *pool, rp_grid_shape shape);
void *alloc_field(rp_pool *pool, rp_grid *grid);

int64_t length(rp_range range);

/* The whole field in the given step, by rows. Freed by free(). */
unsigned char *whole_field(rp_grid_shape shape, int step);

/* A cell of the whole field. */
struct place {
    int64_t layer, row, column;
};

/* Cells of the whole field. */
int64_t cells_of(rp_grid_shape shape);

/* Calls `visit` for every cell of the block and its halo. */
void visit_cells(const struct part *part, int step,
                 void (*visit)(const struct part *, struct place, int));

/* Calls `visit` for every cell of the block. */
void visit_block(const struct part *part, int step,
                 void (*visit)(const struct part *, struct place, int));

/* Callbacks of visit_cells(). fill_cell() writes the field's bytes into the block's cells and a
 * filler into the halo's, clear_cell() the filler into every cell; check_block_only() expects the
 * field in the block alone, check_with_halo() also in the halo, where it lies within the field. */
void fill_cell(const struct part *part, struct place place, int step);
void clear_cell(const struct part *part, struct place place, int step);
void check_block_only(const struct part *part, struct place place, int step);
void check_with_halo(const struct part *part, struct place place, int step);

/* Scatters a field from one rank and gathers it on another. */
void check_round_trip(rp_pool *pool, rp_grid_shape shape, int from, int to);

#endif
