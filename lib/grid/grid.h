/* Grids: two-dimensional fields cut into blocks. The files:
 *
 *     decomposition.c    the shape of the blocks
 *     blocks.c           the mapping of blocks to ranks
 *     fields.c           the memory of fields
 *     redistribute.c     scattering whole fields to the blocks, and gathering them
 *     halo.c             the exchange of edges: begin and end
 *     halo_neighbours.c  links to the neighbours, and the outboxes in node memory
 *     halo_remote.c      edges and progress notices as messages to neighbours on other nodes
 *     grid.c             opening and closing */
#ifndef RANKPOOL_GRID_GRID_H
#define RANKPOOL_GRID_GRID_H

#include "base/strided_copy.h"
#include "grid/decomposition.h"
#include "grid/halo.h"
#include "pool/pool.h"

/* What a pool keeps for its grids. */
struct grids {
    rp_grid *open;
    int64_t made; /* the number of the next */
};

/* Memory of rp_grid_alloc(). Every rank has the same list in the same order. */
struct field {
    struct field *next;
    int64_t number;
    void *memory; /* from calloc() */
    size_t bytes;
    char *first; /* the first cell of the block */
};

struct rp_grid {
    rp_pool *pool;
    rp_grid *next; /* in the pool's list, which has the same order on every rank */
    int64_t number;
    int64_t all_rows, all_columns;
    size_t cell_size;
    int64_t halo_width;
    struct tiling tiling;
    rp_range rows, columns; /* of this rank's block */
    int64_t stride;         /* cells from row to row in a field */
    struct field *fields;
    struct halo halo;
};

/* The block of a rank. False, and empty ranges, if it has none. */
bool rpi_grid_block(const rp_grid *grid, int rank, rp_range *rows, rp_range *columns);

/* The rank whose block is at this distance, in blocks, from this rank's block; -1: none. */
int rpi_grid_neighbour(const rp_grid *grid, int rows_below, int columns_right);

/* The number of this grid's field whose first cell is `first`; -1: no such field. */
int64_t rpi_grid_field_number(const rp_grid *grid, const void *first);

/* Do these bytes overlap the memory of a field of this grid? */
bool rpi_grid_field_overlaps(const rp_grid *grid, const void *memory, size_t bytes);

/* Frees the memory of all fields. */
void rpi_grid_fields_drop(rp_grid *grid);

/* Closes all grids that are still open, when the agreement to close the pool had this status. */
void rpi_grids_drop(rp_pool *pool, rp_status status);

#endif
