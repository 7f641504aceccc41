/* Grids: fields in two or three dimensions, cut into blocks. The files:
 *
 *     decomposition.c    the shape of the blocks
 *     blocks.c           the mapping of blocks to ranks, and of cells to memory
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

/* A range of cells in each dimension. */
struct box {
    rp_range range[DIMENSIONS];
};

struct rp_grid {
    rp_pool *pool;
    rp_grid *next; /* in the pool's list, which has the same order on every rank */
    int64_t number;
    int64_t cells[DIMENSIONS]; /* of the whole field */
    size_t cell_size;
    int64_t halo_width;
    int64_t
        halo_cells[DIMENSIONS]; /* the same, or 0: a two-dimensional field has no layers there */
    struct tiling tiling;
    struct box block;           /* of this rank */
    int64_t stride[DIMENSIONS]; /* cells in memory from layer to layer, row to row, cell to cell */
    struct field *fields;
    struct halo halo;
};

/* The block of a rank. False, and empty ranges, if it has none. */
bool rpi_grid_block(const rp_grid *grid, int rank, struct box *box);

/* The rank whose block is at this distance, in blocks, from this rank's block; -1: none. */
int rpi_grid_neighbour(const rp_grid *grid, const int side[DIMENSIONS]);

/* Some cells of a field, or of a whole field, for copying: those of `length` cells each way from
 * `first` on. */
struct strided_block rpi_grid_cells(const rp_grid *grid, char *first,
                                    const int64_t length[DIMENSIONS],
                                    const int64_t stride[DIMENSIONS]);

/* The number of this grid's field whose first cell is `first`; -1: no such field. */
int64_t rpi_grid_field_number(const rp_grid *grid, const void *first);

/* Do these bytes overlap the memory of a field of this grid? */
bool rpi_grid_field_overlaps(const rp_grid *grid, const void *memory, size_t bytes);

/* Frees the memory of all fields. */
void rpi_grid_fields_drop(rp_grid *grid);

/* Closes all grids that are still open, when the agreement to close the pool had this status. */
void rpi_grids_drop(rp_pool *pool, rp_status status);

#endif
