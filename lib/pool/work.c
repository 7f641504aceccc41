#include "pool/work.h"

#include "base/error.h"
#include "world/mpi_error.h"

#include <inttypes.h>
#include <stdlib.h>

/* A piece's elements are copied, computed with and copied again while they are in a core's cache. */
static const size_t piece_bytes = (size_t)1 << 19;

int64_t rpi_work_piece(const struct array *arrays, int count)
{
    size_t item_bytes = 0;
    for (int i = 0; i < count; i++)
        item_bytes += arrays[i].size;
    if (item_bytes == 0)
        return INT64_MAX;
    return item_bytes < piece_bytes ? (int64_t)(piece_bytes / item_bytes) : 1;
}

static bool elsewhere(const struct reach *reach)
{
    return reach->size > 0 && reach->here == NULL;
}

/* Buffers for what is elsewhere. Where nothing is, a piece may be as long as a slice. */
static rp_status furnish(struct work *work, rp_error *error)
{
    bool needed = false;
    for (int i = 0; i < work->array_count; i++) {
        const struct reach *reach = &work->reaches.reach[i];
        if (!elsewhere(reach))
            continue;
        needed = true;
        work->buffers[i] = malloc((size_t)work->piece * reach->size);
        if (work->buffers[i] == NULL)
            return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a piece of %" PRId64 " items",
                                 work->piece);
    }
    if (!needed) {
        work->piece = INT64_MAX;
        work->fence = 0;
    }
    return RP_OK;
}

static void release(struct work *work)
{
    for (int i = 0; i < work->array_count; i++)
        free(work->buffers[i]);
    rpi_arrays_release(&work->reaches);
}

/* The kernel found no memory where an array should be: it is shorter than the job says. */
static bool missing(struct work *work, int index, rp_range piece)
{
    const struct array *array = &work->arrays[index];
    rpi_error_set(&work->task.failure, RP_ERR_ARGUMENT,
                  "%s: items %" PRId64 " to %" PRId64
                  " are not in the memory of the rank that has it",
                  array->name, piece.begin, piece.end - 1);
    work->task.failure.item = piece.begin;
    rpi_task_failed(&work->task, 0, &work->failures);
    return false;
}

static bool bring(struct work *work, rp_range piece, void **at)
{
    for (int i = 0; i < work->array_count; i++) {
        const struct reach *reach = &work->reaches.reach[i];
        at[i] = work->buffers[i];
        if (reach->here != NULL)
            at[i] = reach->here + (size_t)piece.begin * reach->size;
        else if (elsewhere(reach) && !work->arrays[i].output &&
                 !rpi_array_fetch(&work->reaches, i, piece.begin, piece.end - piece.begin, at[i]))
            return missing(work, i, piece);
    }
    return true;
}

static bool deliver(struct work *work, rp_range piece, void *const *at)
{
    for (int i = 0; i < work->array_count; i++) {
        if (work->arrays[i].output && work->arrays[i].size > 0 && piece.begin < piece.end &&
            !rpi_array_deliver(&work->reaches, i, piece.begin, piece.end - piece.begin, at[i]))
            return missing(work, i, piece);
    }
    return true;
}

static bool do_piece(struct work *work, rp_range piece)
{
    void *at[MOST_ARRAYS] = {NULL};
    if (!bring(work, piece, at))
        return false;
    int64_t done = work->compute(work, piece, at);
    rp_range finished = {piece.begin, piece.begin + done};
    return deliver(work, finished, at) && !work->stopping;
}

static bool do_slice(struct work *work, rp_range slice)
{
    rp_range piece = {slice.begin, slice.begin};
    while (piece.end < slice.end) {
        if (board_stopped(work->pool->board))
            return false;
        piece.begin = piece.end;
        int64_t most = work->piece;
        if (work->fence > 0 && work->fence - piece.begin % work->fence < most)
            most = work->fence - piece.begin % work->fence;
        piece.end = slice.end - piece.begin < most ? slice.end : piece.begin + most;
        if (!do_piece(work, piece))
            return false;
    }
    return true;
}

/* The loop is open for as long as tasks may run: no other call on the pool is allowed from them. */
static void do_slices(struct work *work)
{
    rp_loop *loop = &work->pool->loop;
    rp_range slice;
    loop->open = true;
    while (rp_loop_next(loop, &slice)) {
        if (!do_slice(work, slice)) {
            rpi_board_stop(work->pool->board);
            break;
        }
    }
}

rp_status rpi_work_off(struct work *work)
{
    struct ballot ballot = rpi_ballot(CALL_LOOP_CLOSE);
    rp_pool *pool = work->pool;
    if (rpi_arrays_reach(pool, work->arrays, work->array_count, &work->reaches, &pool->last) !=
        RP_OK) {
        release(work);
        return pool->last.status;
    }
    furnish(work, &ballot.error);
    if (work->begin != NULL)
        work->begin(work);
    /* All are furnished, or nobody computes. */
    if (rpi_mpi_agree(pool->world.comm, &ballot.error) == RP_OK)
        do_slices(work);
    if (work->failures.count > 0)
        ballot.error = work->failures.lowest;
    rp_status status = rpi_pool_meet(pool, &ballot);
    pool->loop.open = false;
    release(work);
    return status;
}
