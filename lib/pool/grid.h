/* The grid: a two-dimensional field cut into blocks. Its files:
 *
 *     grid.c          its life, and which block is whose
 *     grid_field.c    the blocks in memory
 *     grid_move.c     whole fields, dealt out to the blocks and collected
 *     halo.c          exchanging borders: begin and end
 *     halo_links.c    to whom a block's edges go, and how
 *     halo_mail.c     messages to neighbours on other nodes
 *     halo_tidings.c  what neighbours on other nodes tell when they meet */
#ifndef RANKPOOL_POOL_GRID_H
#define RANKPOOL_POOL_GRID_H

#include "base/rectangle.h"
#include "pool/halo.h"
#include "pool/pool.h"
#include "schedule/tiling.h"

/* Memory of rp_grid_alloc(). Every rank has the same list in the same order. */
struct field {
    struct field *next;
    int64_t number;
    void *memory; /* as calloc() gave it */
    size_t bytes;
    char *first; /* the first cell of the block */
};

struct rp_grid {
    rp_pool *pool;
    rp_grid *next; /* of the pool's; every rank has the same list in the same order */
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

/* The block of a rank. False if it has none. */
bool rpi_grid_block(const rp_grid *grid, int rank, rp_range *rows, rp_range *columns);

/* The rank whose block is so many blocks below and to the right of this rank's; -1: none. */
int rpi_grid_neighbour(const rp_grid *grid, int rows_below, int columns_right);

/* The number of the field whose first cell is there; -1: none of this grid's. */
int64_t rpi_grid_field_number(const rp_grid *grid, const void *first);

/* Do these bytes overlap a field of this grid? */
bool rpi_grid_field_overlaps(const rp_grid *grid, const void *memory, size_t bytes);

/* Frees all fields. Local. */
void rpi_grid_drop_fields(rp_grid *grid);

/* Tells the neighbours on this pool's grids that this rank is about to meet. */
void rpi_grids_meet(rp_pool *pool);

/* Closes all that are left. `orderly`: all ranks have met to do so. */
void rpi_grids_drop(rp_pool *pool, bool orderly);

#endif
