/* Whole fields, dealt out to the blocks and collected from them. */
#include "base/error.h"
#include "pool/grid.h"
#include "world/completion.h"
#include "world/mpi_error.h"

#include <stdlib.h>

enum {
    TAG = 1,              /* 0: the edges of blocks */
    PIECE_BYTES = 1 << 20 /* of a message: two of them are on their way at once */
};

/* Copies between the root's whole field and the blocks: for both directions. */
struct move {
    const rp_grid *grid;
    int root;
    char *all;
    char *field;
    char *buffer; /* two pieces */
    MPI_Request requests[2];
};

static struct rectangle own_block(const struct move *move)
{
    const rp_grid *grid = move->grid;
    return (struct rectangle){.first = move->field,
                              .rows = (size_t)(grid->rows.end - grid->rows.begin),
                              .row_bytes = (size_t)(grid->columns.end - grid->columns.begin) *
                                           grid->cell_size,
                              .distance = (size_t)grid->stride * grid->cell_size};
}

/* A rank's block as a part of the whole. */
static struct rectangle part_of_all(const struct move *move, int rank)
{
    const rp_grid *grid = move->grid;
    rp_range rows, columns;
    rpi_grid_block(grid, rank, &rows, &columns);
    int64_t first = rows.begin * grid->all_columns + columns.begin;
    return (struct rectangle){.first = move->all + (size_t)first * grid->cell_size,
                              .rows = (size_t)(rows.end - rows.begin),
                              .row_bytes = (size_t)(columns.end - columns.begin) * grid->cell_size,
                              .distance = (size_t)grid->all_columns * grid->cell_size};
}

static size_t piece_at(size_t offset, size_t bytes)
{
    return bytes - offset < PIECE_BYTES ? bytes - offset : PIECE_BYTES;
}

static int complete(struct move *move, int count, MPI_Request *requests)
{
    return rpi_complete(count, requests, move->grid->pool->world.meeting.spin);
}

static int send_rectangle(struct move *move, const struct rectangle *from, int rank)
{
    size_t bytes = rpi_rectangle_bytes(from);
    int code = MPI_SUCCESS, turn = 0;
    for (size_t offset = 0; offset < bytes && code == MPI_SUCCESS; offset += PIECE_BYTES) {
        char *piece = move->buffer + turn * (size_t)PIECE_BYTES;
        size_t length = piece_at(offset, bytes);
        code = complete(move, 1, &move->requests[turn]);
        if (code != MPI_SUCCESS)
            break;
        rpi_rectangle_read(from, offset, length, piece);
        code = MPI_Isend(piece, (int)length, MPI_BYTE, rank, TAG, move->grid->halo.mail.comm,
                         &move->requests[turn]);
        turn = 1 - turn;
    }
    int last = complete(move, 2, move->requests);
    return code == MPI_SUCCESS ? last : code;
}

static int start_piece(struct move *move, size_t offset, size_t bytes, int turn, int rank)
{
    if (offset >= bytes)
        return MPI_SUCCESS;
    return MPI_Irecv(move->buffer + turn * (size_t)PIECE_BYTES, (int)piece_at(offset, bytes),
                     MPI_BYTE, rank, TAG, move->grid->halo.mail.comm, &move->requests[turn]);
}

/* One piece arrives while the last one is put in its place. */
static int receive_rectangle(struct move *move, const struct rectangle *to, int rank)
{
    size_t bytes = rpi_rectangle_bytes(to);
    int turn = 0, code = start_piece(move, 0, bytes, turn, rank);
    for (size_t offset = 0; offset < bytes && code == MPI_SUCCESS; offset += PIECE_BYTES) {
        code = start_piece(move, offset + PIECE_BYTES, bytes, 1 - turn, rank);
        if (code == MPI_SUCCESS)
            code = complete(move, 1, &move->requests[turn]);
        if (code == MPI_SUCCESS)
            rpi_rectangle_write(to, offset, piece_at(offset, bytes),
                                move->buffer + turn * (size_t)PIECE_BYTES);
        turn = 1 - turn;
    }
    return code;
}

static int scatter(struct move *move)
{
    int code = MPI_SUCCESS;
    struct rectangle block = own_block(move), part;
    if (move->grid->pool->world.rank != move->root)
        return receive_rectangle(move, &block, move->root);
    for (int rank = 0; rank < move->grid->pool->world.ranks && code == MPI_SUCCESS; rank++) {
        part = part_of_all(move, rank);
        if (rank == move->root)
            rpi_rectangle_copy(&block, &part);
        else
            code = send_rectangle(move, &part, rank);
    }
    return code;
}

static int gather(struct move *move)
{
    int code = MPI_SUCCESS;
    struct rectangle block = own_block(move), part;
    if (move->grid->pool->world.rank != move->root)
        return send_rectangle(move, &block, move->root);
    for (int rank = 0; rank < move->grid->pool->world.ranks && code == MPI_SUCCESS; rank++) {
        part = part_of_all(move, rank);
        if (rank == move->root)
            rpi_rectangle_copy(&part, &block);
        else
            code = receive_rectangle(move, &part, rank);
    }
    return code;
}

static size_t all_bytes(const rp_grid *grid)
{
    return (size_t)grid->all_rows * (size_t)grid->all_columns * grid->cell_size;
}

static void check_move(const struct move *move, rp_error *error)
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
    else if (world->rank == move->root && rpi_grid_field_overlaps(grid, move->all, all_bytes(grid)))
        rpi_error_set(error, RP_ERR_ARGUMENT, "the whole field overlaps a field of the grid");
    else if (grid->halo.field != NULL || grid->halo.broken)
        rpi_error_set(error, RP_ERR_STATE, "an exchange was begun and not ended");
    else if (move->buffer == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the pieces of a field");
}

/* Meets, moves, and meets again: then all know how it went. */
static rp_status move_field(struct move *move, enum call call, int (*blocks)(struct move *))
{
    rp_pool *pool = move->grid->pool;
    struct ballot ballot = rpi_ballot(call);
    check_move(move, &ballot.error);
    ballot.terms[0] = move->grid->number;
    ballot.terms[1] = move->root;
    ballot.terms[2] = rpi_grid_field_number(move->grid, move->field);
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status == RP_OK) {
        ballot = rpi_ballot(CALL_GRID_MOVED);
        rpi_mpi_check(blocks(move), "MPI_Isend or MPI_Irecv", &ballot.error);
        status = rpi_pool_meet(pool, &ballot);
    }
    free(move->buffer);
    return status;
}

rp_status rp_grid_scatter(rp_grid *grid, int root, const void *all, void *field)
{
    if (grid == NULL)
        return RP_ERR_ARGUMENT;
    struct move move = {.grid = grid,
                        .root = root,
                        .all = (char *)(uintptr_t)all,
                        .field = field,
                        .buffer = malloc(2 * (size_t)PIECE_BYTES),
                        .requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    return move_field(&move, CALL_GRID_SCATTER, scatter);
}

rp_status rp_grid_gather(rp_grid *grid, int root, const void *field, void *all)
{
    if (grid == NULL)
        return RP_ERR_ARGUMENT;
    struct move move = {.grid = grid,
                        .root = root,
                        .all = all,
                        .field = (char *)(uintptr_t)field,
                        .buffer = malloc(2 * (size_t)PIECE_BYTES),
                        .requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    return move_field(&move, CALL_GRID_GATHER, gather);
}
