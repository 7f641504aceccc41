/* Scattering of whole fields from the root to the blocks, and gathering of them. */
#include "base/error.h"
#include "comm/completion.h"
#include "comm/mpi_error.h"
#include "grid/grid.h"

#include <stdlib.h>

enum {
    MOVE_TAG = 1,         /* 0: the edges of blocks */
    PIECE_BYTES = 1 << 20 /* per message; two are in flight at once */
};

/* A copy between the root's whole field and the blocks, in either direction. */
struct move {
    const rp_grid *grid;
    int root;
    char *all;
    char *field;
    char *buffer; /* two pieces */
    MPI_Request requests[2];
};

static void block_lengths(const struct box *block, int64_t length[DIMENSIONS])
{
    for (int d = 0; d < DIMENSIONS; d++)
        length[d] = block->range[d].end - block->range[d].begin;
}

static struct strided_block move_own_block(const struct move *move)
{
    const rp_grid *grid = move->grid;
    int64_t length[DIMENSIONS];
    block_lengths(&grid->block, length);
    return rpi_grid_cells(grid, move->field, length, grid->stride);
}

/* A rank's block within the whole field, whose cells have no gaps. */
static struct strided_block move_rank_block(const struct move *move, int rank)
{
    const rp_grid *grid = move->grid;
    const int64_t stride[DIMENSIONS] = {grid->cells[ROWS] * grid->cells[COLUMNS],
                                        grid->cells[COLUMNS], 1};
    int64_t length[DIMENSIONS], first = 0;
    struct box block;
    rpi_grid_block(grid, rank, &block);
    block_lengths(&block, length);
    for (int d = 0; d < DIMENSIONS; d++)
        first += block.range[d].begin * stride[d];
    return rpi_grid_cells(grid, move->all + (size_t)first * grid->cell_size, length, stride);
}

static size_t piece_bytes(size_t offset, size_t bytes)
{
    return bytes - offset < PIECE_BYTES ? bytes - offset : PIECE_BYTES;
}

static int move_complete(struct move *move, int count, MPI_Request *requests)
{
    return rpi_complete(count, requests, move->grid->pool->world.agreement.spin);
}

static int block_send(struct move *move, const struct strided_block *from, int rank)
{
    size_t bytes = rpi_strided_block_bytes(from);
    int code = MPI_SUCCESS, turn = 0;
    for (size_t offset = 0; offset < bytes && code == MPI_SUCCESS; offset += PIECE_BYTES) {
        char *piece = move->buffer + turn * (size_t)PIECE_BYTES;
        size_t length = piece_bytes(offset, bytes);
        code = move_complete(move, 1, &move->requests[turn]);
        if (code != MPI_SUCCESS)
            break;
        rpi_strided_block_read(from, offset, length, piece);
        code = MPI_Isend(piece, (int)length, MPI_BYTE, rank, MOVE_TAG, move->grid->halo.remote.comm,
                         &move->requests[turn]);
        turn = 1 - turn;
    }
    int last = move_complete(move, 2, move->requests);
    return code == MPI_SUCCESS ? last : code;
}

static int piece_start_receive(struct move *move, size_t offset, size_t bytes, int turn, int rank)
{
    if (offset >= bytes)
        return MPI_SUCCESS;
    return MPI_Irecv(move->buffer + turn * (size_t)PIECE_BYTES, (int)piece_bytes(offset, bytes),
                     MPI_BYTE, rank, MOVE_TAG, move->grid->halo.remote.comm, &move->requests[turn]);
}

/* Receives the next piece while it copies the current one to its place. */
static int block_receive(struct move *move, const struct strided_block *to, int rank)
{
    size_t bytes = rpi_strided_block_bytes(to);
    int turn = 0, code = piece_start_receive(move, 0, bytes, turn, rank);
    for (size_t offset = 0; offset < bytes && code == MPI_SUCCESS; offset += PIECE_BYTES) {
        code = piece_start_receive(move, offset + PIECE_BYTES, bytes, 1 - turn, rank);
        if (code == MPI_SUCCESS)
            code = move_complete(move, 1, &move->requests[turn]);
        if (code == MPI_SUCCESS)
            rpi_strided_block_write(to, offset, piece_bytes(offset, bytes),
                                    move->buffer + turn * (size_t)PIECE_BYTES);
        turn = 1 - turn;
    }
    return code;
}

/* The root goes through the ranks in turn; each other rank moves its own block. */
static int blocks_move(struct move *move, bool scatter)
{
    const struct world *world = &move->grid->pool->world;
    int (*on_root)(struct move *, const struct strided_block *, int) =
        scatter ? block_send : block_receive;
    int (*on_others)(struct move *, const struct strided_block *, int) =
        scatter ? block_receive : block_send;
    struct strided_block own = move_own_block(move);
    int code = MPI_SUCCESS;
    if (world->rank != move->root)
        return on_others(move, &own, move->root);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        struct strided_block part = move_rank_block(move, rank);
        if (rank != move->root)
            code = on_root(move, &part, rank);
        else
            rpi_strided_block_copy(scatter ? &own : &part, scatter ? &part : &own);
    }
    return code;
}

static size_t grid_all_bytes(const rp_grid *grid)
{
    return (size_t)(grid->cells[LAYERS] * grid->cells[ROWS] * grid->cells[COLUMNS]) *
           grid->cell_size;
}

static void move_check(const struct move *move, rp_error *error)
{
    const rp_grid *grid = move->grid;
    const struct world *world = &grid->pool->world;
    if (move->root < 0 || move->root >= world->ranks)
        rpi_error_set(error, RP_ERR_ARGUMENT, "root is %d, but the ranks are 0 to %d", move->root,
                      world->ranks - 1);
    else if (rpi_grid_field_number(grid, move->field) < 0)
        rpi_error_set(error, RP_ERR_ARGUMENT, "%p is no field of this grid", (void *)move->field);
    else if (world->rank == move->root && move->all == NULL)
        rpi_error_set(error, RP_ERR_ARGUMENT, "the root has no whole field");
    else if (world->rank == move->root &&
             rpi_grid_field_overlaps(grid, move->all, grid_all_bytes(grid)))
        rpi_error_set(error, RP_ERR_ARGUMENT, "the whole field overlaps a field of the grid");
    else if (grid->halo.field != NULL || grid->halo.broken)
        rpi_error_set(error, RP_ERR_STATE, "an exchange was begun and not ended");
    else if (move->buffer == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the pieces of a field");
}

/* Agrees, moves, and agrees again, so that all ranks know the result. */
static rp_status move_run(const rp_grid *grid, enum call call, int root, void *all, void *field)
{
    struct move move = {.grid = grid,
                        .root = root,
                        .all = all,
                        .field = field,
                        .buffer = malloc(2 * (size_t)PIECE_BYTES),
                        .requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    struct vote vote = rpi_vote(call);
    move_check(&move, &vote.error);
    vote.terms[GRID_NUMBER] = grid->number;
    vote.terms[GRID_ROOT] = root;
    vote.terms[GRID_FIELD] = rpi_grid_field_number(grid, field);
    rp_status status = rpi_pool_agree(grid->pool, &vote);
    if (status == RP_OK) {
        vote = rpi_vote(CALL_GRID_MOVED);
        rpi_mpi_check(blocks_move(&move, call == CALL_GRID_SCATTER), "MPI_Isend or MPI_Irecv",
                      &vote.error);
        status = rpi_pool_agree(grid->pool, &vote);
    }
    free(move.buffer);
    return status;
}

rp_status rp_grid_scatter(rp_grid *grid, int root, const void *all, void *field)
{
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    return move_run(grid, CALL_GRID_SCATTER, root, (void *)(uintptr_t)all, field);
}

rp_status rp_grid_gather(rp_grid *grid, int root, const void *field, void *all)
{
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    return move_run(grid, CALL_GRID_GATHER, root, all, (void *)(uintptr_t)field);
}
