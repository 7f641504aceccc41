/**
 * @file rankpool/grid.h
 * @brief Grids: fields in two or three dimensions, in blocks, one per rank, with halo exchange.
 *
 *     rp_grid_open(pool, &(rp_grid_shape){.rows = m, .columns = n, .cell_size = sizeof *u}, &grid);
 *     rp_grid_alloc(grid, (void **)&u);
 *     rp_grid_alloc(grid, (void **)&next);
 *     rp_grid_scatter(grid, rp_root(pool), start, u);
 *     for (int step = 0; step < steps; step++) {
 *         rp_grid_exchange_begin(grid, u);
 *         ... next from u, for the cells of rp_grid_inner()
 *         rp_grid_exchange_end(grid);
 *         ... next from u, for the other cells of the block
 *         swap(&u, &next);
 *     }
 *     rp_grid_gather(grid, rp_root(pool), u, result);
 *     rp_grid_close(&grid);
 *
 * Memory layout: a rank stores its block in row-major order, the rows rp_grid_stride() cells apart,
 * with a halo of `halo` cells on every side. The address of a field is that of the first cell of
 * the block; cell (r, c) of the block is field[r * stride + c], where r and c range from -halo to
 * `halo` cells beyond the block. At the edge of the whole field the halo belongs to the program,
 * for boundary values, and is initially zero. Elsewhere an exchange fills the halo, including its
 * corners, with the neighbours' cells.
 *
 * With `layers` in the shape, the field has three dimensions: layers of rows of cells. The layers
 * of a block are rp_grid_layer_stride() cells apart; cell (l, r, c) is
 * field[l * layer_stride + r * stride + c]. The halo then surrounds the block in all three
 * dimensions, with edges and corners. A field in one dimension is one row.
 *
 * If there are more ranks than blocks, the remaining ranks have no cells: their ranges are empty.
 * They must make the same calls, which then do nothing.
 */
#ifndef RANKPOOL_GRID_H
#define RANKPOOL_GRID_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A field cut into blocks, one for each rank. Opaque; made by rp_grid_open(). */
typedef struct rp_grid rp_grid;

/** Shape of a grid. The same on every rank. */
typedef struct rp_grid_shape {
    int64_t rows, columns; /**< of the whole field, at least 1 each */
    size_t cell_size;      /**< bytes per cell, at least 1 */
    int halo;              /**< width of the halo around each block; 0: 1 */
    int64_t layers;        /**< of the whole field, if it has three dimensions; 0: two */
    uint64_t reserved[7];
} rp_grid_shape;

/**
 * Decomposes a field into one block per rank. *Collective.*
 *
 * The blocks are those of rp_block() in all directions. The process grid minimises the largest
 * block together with its border: blocks are nearly squares or cubes; with two ranks, each has half
 * of the rows, or of the layers. A block with neighbours is at least as wide as the halo.
 *
 * @param[in] shape  shape of the field, which has at most 2^62 bytes
 * @param[out] grid  the grid; NULL after an error. Owned by the caller until rp_grid_close() or
 *                   rp_close().
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_VERSION
 * Cost: two barriers, a communicator, and node memory for two copies of the blocks' edges.
 */
rp_status rp_grid_open(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid);

/**
 * Closes a grid and frees its fields. *Collective.*
 *
 * A rank that gives up may close it early: see rp_grid_exchange_end().
 *
 * @param[in,out] grid  set to NULL. A pointer to NULL does nothing.
 * @return RP_OK; RP_ERR_STATE if a rank had an exchange in progress; RP_ERR_MISMATCH if the ranks
 *         have begun different numbers of exchanges. The grid is freed in every case, except while
 *         a loop is open: then the call returns RP_ERR_STATE and has no effect.
 */
rp_status rp_grid_close(rp_grid **grid);

/** The layers of this rank's block, in indices of the whole field; 0 to 1 of a two-dimensional
 *  field. *Local,* like the next six. */
rp_range rp_grid_layers(const rp_grid *grid);
/** The rows of this rank's block, in indices of the whole field. */
rp_range rp_grid_rows(const rp_grid *grid);
/** The columns of this rank's block, in indices of the whole field. */
rp_range rp_grid_columns(const rp_grid *grid);
/**
 * The interior of this rank's block, in indices of the whole field: the cells whose neighbours up
 * to `halo` away, including diagonal ones, lie in the block or beyond the whole field. They can be
 * computed before an exchange has ended. Either range may be empty. In three dimensions
 * rp_grid_inner_layers() limits them, too.
 */
void rp_grid_inner(const rp_grid *grid, rp_range *rows, rp_range *columns);
/** The layers of the interior of this rank's block: see rp_grid_inner(). */
rp_range rp_grid_inner_layers(const rp_grid *grid);
/** Distance in memory between two rows of a field, in cells. */
int64_t rp_grid_stride(const rp_grid *grid);
/** Distance in memory between two layers of a field, in cells. */
int64_t rp_grid_layer_stride(const rp_grid *grid);

/**
 * Allocates this rank's block of a field, with its halo, all zero. *Collective.*
 *
 * Each row of the block is aligned to 64 bytes. The memory is private to the rank.
 *
 * @param[out] field  address of the first cell of the block; NULL after an error. Owned by the
 *                    grid: rp_grid_close() frees it.
 * @return RP_ERR_ARGUMENT, RP_ERR_MEMORY
 */
rp_status rp_grid_alloc(rp_grid *grid, void **field);

/**
 * Scatters a whole field: every rank gets its block. *Collective.* Halos are not changed.
 *
 * @param[in] root    the rank that has the whole field, the same on every rank
 * @param[in] all     rows * columns cells, or as many for each layer, row-major without gaps;
 *                    accessed on `root` only
 * @param[out] field  from rp_grid_alloc(), the same one (the first, the second ...) on every rank
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_STATE (during an
 *         exchange)
 * Cost: two barriers; the root sends to each rank in turn, in pieces of 1 MiB.
 */
rp_status rp_grid_scatter(rp_grid *grid, int root, const void *all, void *field);

/**
 * Gathers a whole field on `root` from the blocks of all ranks. *Collective.* Arguments, errors and
 * cost as in rp_grid_scatter().
 */
rp_status rp_grid_gather(rp_grid *grid, int root, const void *field, void *all);

/**
 * Sends the edges of this rank's block to the neighbours that need them, without waiting. Every
 * rank of the grid must call it, but it is no barrier: it synchronises with neighbours only, and
 * its status is this rank's own.
 *
 * The edges are copied, so the block may be read and written afterwards. The halo is undefined
 * until rp_grid_exchange_end(), except for the part that belongs to the program.
 *
 * @param[in] field  from rp_grid_alloc(), the same one on every rank
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, RP_ERR_MPI, or RP_ERR_STATE: an exchange is in
 *         progress, a loop is open, or the grid can only be closed after an earlier error.
 * Cost: a copy of the edges; between nodes one message per neighbour. MPI may transfer long
 * messages only during rp_grid_exchange_end().
 */
rp_status rp_grid_exchange_begin(rp_grid *grid, void *field);

/**
 * Waits for the neighbours' edges, asleep if it takes long, and copies them into the halo of the
 * field passed to rp_grid_exchange_begin(). As there, every rank must call it, and only neighbours
 * wait for each other.
 *
 * If a rank gives up and closes the grid or the pool, or waits for this rank in any other
 * collective call on the pool, its neighbours' calls return RP_ERR_STATE. They then close the grid,
 * and rp_grid_close() returns the same error on all ranks.
 *
 * @return RP_OK; on this rank alone RP_ERR_STATE: no exchange was begun, or a neighbour has given
 *         up; or RP_ERR_MPI. After an error the grid can only be closed.
 * Cost: a copy of the halo; under a microsecond if the neighbours have already sent their edges.
 */
rp_status rp_grid_exchange_end(rp_grid *grid);

RP_END_DECLARATIONS

#endif
