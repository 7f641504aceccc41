/* Fields whose cells have known bytes, for the tests of grids. */
#ifndef RANKPOOL_TESTS_GRID_FIELDS_H
#define RANKPOOL_TESTS_GRID_FIELDS_H

#include "rankpool.h"

/* The nodes on which exchanges are tried: those of the machine, and pretended ones of so many ranks. */
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

/* Fail the test if they cannot. */
rp_grid *open_grid(rp_pool *pool, rp_grid_shape shape);
void *alloc_field(rp_pool *pool, rp_grid *grid);

int64_t length(rp_range range);

/* The whole field in the given step, by rows. Freed by free(). */
unsigned char *whole_field(rp_grid_shape shape, int step);

unsigned char *cell_of(const struct part *part, int64_t row, int64_t column);

/* Calls `visit` for every cell of the block and its halo. */
void visit_cells(const struct part *part, int step,
                 void (*visit)(const struct part *, int64_t, int64_t, int));

/* For visit_cells(): give a cell of the block its bytes, and one of the halo others; give all others; check that
 * the block alone has its bytes; that the halo has them, too, where the field goes on. */
void fill_cell(const struct part *part, int64_t row, int64_t column, int step);
void clear_cell(const struct part *part, int64_t row, int64_t column, int step);
void check_block_only(const struct part *part, int64_t row, int64_t column, int step);
void check_with_halo(const struct part *part, int64_t row, int64_t column, int step);

/* Scatters a field from one rank and gathers it on another. */
void check_round_trip(rp_pool *pool, rp_grid_shape shape, int from, int to);

#endif
