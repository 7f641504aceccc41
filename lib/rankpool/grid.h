/**
 * @file rankpool/grid.h
 * @brief The grid: a two-dimensional field cut into blocks, whose ranks exchange borders.
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
 * How a rank's part of a field lies in its memory: row by row, the rows rp_grid_stride() cells
 * apart, with a halo of `halo` cells on every side. A field's address is that of the first cell of
 * the block; cell (r, c) of the block is field[r * stride + c], and r and c go from -halo to `halo`
 * behind the block's last. Where the block ends at the edge of the whole field, its halo is the
 * program's own, zero at first: boundary values go there. Elsewhere an exchange fills it, corners
 * included, with the neighbours' cells.
 *
 * With more ranks than the field can be cut for, some have no cells: their ranges are empty. They
 * call what the others call, and nothing happens.
 */
#ifndef RANKPOOL_GRID_H
#define RANKPOOL_GRID_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A two-dimensional field cut into blocks, one for each rank. Opaque; made by rp_grid_open(). */
typedef struct rp_grid rp_grid;

/** What a grid is made for. The same on every rank. */
typedef struct rp_grid_shape {
    int64_t rows, columns; /**< of the whole field, at least 1 each */
    size_t cell_size;      /**< bytes of a cell, at least 1 */
    int halo;              /**< width of the border around each block; 0: 1 */
    uint64_t reserved[8];
} rp_grid_shape;

/**
 * Cuts a field into one block for each rank. *Collective.*
 *
 * The blocks are those of rp_block() in both directions, and the grid of ranks is such that the
 * largest block and its border are as small as can be: near squares; for two ranks, half of the
 * rows. Where it has neighbours, a block is no thinner than the halo.
 *
 * @param[in] shape  what to cut: rows * columns * cell_size must fit 63 bits
 * @param[out] grid  the grid; NULL after an error. Owned by the caller until rp_grid_close() or
 *                   rp_close().
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_VERSION
 * Cost: two meetings, a communicator, and node memory for two copies of the blocks' edges.
 */
rp_status rp_grid_open(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid);

/**
 * Closes a grid and frees its fields. *Collective.*
 *
 * A rank may close it early, when it gives up: see rp_grid_exchange_end().
 *
 * @param[in,out] grid  set to NULL. A pointer to NULL is fine and does nothing.
 * @return RP_OK; RP_ERR_STATE if a rank had an exchange begun and not ended, RP_ERR_MISMATCH if the
 *         ranks have not begun the same number of exchanges. The grid is gone in every case, but
 *         for one: with a loop open it is RP_ERR_STATE, and nothing happens.
 */
rp_status rp_grid_close(rp_grid **grid);

/** The rows of my block, as rows of the whole field. *Local,* like the four below. */
rp_range rp_grid_rows(const rp_grid *grid);
/** The columns of my block. */
rp_range rp_grid_columns(const rp_grid *grid);
/**
 * Those rows and columns of my block, as those of the whole field, whose neighbours up to `halo`
 * away, diagonal ones too, lie in my block or beyond the whole field: what can be computed before
 * an exchange has ended. Either range may be empty.
 */
void rp_grid_inner(const rp_grid *grid, rp_range *rows, rp_range *columns);
/** Cells from one row of a field in memory to the next. */
int64_t rp_grid_stride(const rp_grid *grid);

/**
 * Allocates this rank's part of a field, halo included, all zero. *Collective.*
 *
 * Each row of the block begins at a multiple of 64 bytes. The memory is this rank's own.
 *
 * @param[out] field  address of the first cell of the block; NULL after an error. Owned by the
 *                    grid: rp_grid_close() frees it.
 * @return RP_ERR_ARGUMENT, RP_ERR_MEMORY
 */
rp_status rp_grid_alloc(rp_grid *grid, void **field);

/**
 * Deals out a whole field: every rank gets its block. *Collective.* Halos are left alone.
 *
 * @param[in] root    the rank that has the whole, the same on every rank
 * @param[in] all     rows * columns cells, row by row without gaps; looked at on `root` only
 * @param[out] field  of rp_grid_alloc(), the same one (the first, the second ...) on every rank
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_STATE (during an
 *         exchange)
 * Cost: two meetings; the root sends to each rank in turn, in pieces of 1 MiB.
 */
rp_status rp_grid_scatter(rp_grid *grid, int root, const void *all, void *field);

/**
 * Collects a whole field on `root`, from the blocks of all ranks. *Collective.* Arguments, errors
 * and cost as in rp_grid_scatter().
 */
rp_status rp_grid_gather(rp_grid *grid, int root, const void *field, void *all);

/**
 * Sends the edges of my block to the neighbours that need them, without waiting. Every rank of the
 * grid calls it, but it is no meeting: it concerns neighbours only, and so does its status.
 *
 * The edges are copied: afterwards the block may be read and written. The halo is undefined until
 * rp_grid_exchange_end(), but for the program's own part of it.
 *
 * @param[in] field  of rp_grid_alloc(), the same one on every rank
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, RP_ERR_MPI, or RP_ERR_STATE: an exchange has
 *         been begun already, a loop is open, or the grid can only be closed after an earlier
 *         error.
 * Cost: a copy of the edges; between nodes a message to each neighbour there. MPI may move long
 * messages only once the exchange is being ended.
 */
rp_status rp_grid_exchange_begin(rp_grid *grid, void *field);

/**
 * Waits, asleep if it takes long, for the neighbours' edges, and puts them into the halo of the
 * field that was given to rp_grid_exchange_begin(). As there, every rank calls it, and only
 * neighbours wait for each other.
 *
 * If a rank gives up and closes the grid or the pool, or waits for this rank in any other
 * collective call on the pool, its neighbours' waiting ends with RP_ERR_STATE. They close the grid
 * in their turn, and rp_grid_close() returns the same error on all of them.
 *
 * @return RP_OK; on this rank alone RP_ERR_STATE: no exchange was begun, or a neighbour is gone; or
 *         RP_ERR_MPI. After an error the grid can only be closed.
 * Cost: a copy of the halo; under a microsecond if the neighbours are there already.
 */
rp_status rp_grid_exchange_end(rp_grid *grid);

RP_END_DECLARATIONS

#endif
