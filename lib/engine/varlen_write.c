/* Writes results in item order to a file: the ranks exchange the lengths of their runs, and each
 * writes its own runs at their offsets. */
#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "engine/varlen_results.h"

#include <stdlib.h>

/* What all ranks know of a run. */
struct extent {
    int64_t begin; /* first item */
    int64_t bytes;
};

static int extent_compare(const void *left, const void *right)
{
    const struct extent *one = left, *other = right;
    return one->begin < other->begin ? -1 : one->begin > other->begin;
}

/* Appends this rank's runs to `extents`. */
static bool extents_add_own(const rp_results *results, rp_buffer *extents)
{
    const struct result_run *runs = results_runs(results);
    bool good = true;
    for (int64_t i = 0; i < results_run_count(results) && good; i++) {
        size_t bytes;
        results_run_bytes(results, &runs[i], &bytes);
        struct extent extent = {runs[i].begin, (int64_t)bytes};
        good = rp_buffer_append(extents, &extent, sizeof extent) == 0;
    }
    return good;
}

/* Broadcasts the runs of one rank, and appends them to `extents`. The ranks have agreed that the
 * memory is there. */
static int extents_broadcast(const rp_results *results, int rank, int64_t count, rp_buffer *extents)
{
    const struct world *world = &results->pool->world;
    size_t before = extents->size, bytes = (size_t)count * sizeof(struct extent);
    if (rank == world->rank)
        extents_add_own(results, extents);
    extents->size = before + bytes;
    return rpi_message_broadcast(extents->data + before, bytes, rank, world->comm);
}

/* Collects the runs of all ranks, in the order of their items. `counts` has room for one number per
 * rank. */
static void extents_exchange(const rp_results *results, int64_t *counts, rp_buffer *extents,
                             rp_error *error)
{
    const struct world *world = &results->pool->world;
    int64_t mine = results_run_count(results), all = 0;
    int code = MPI_Allgather(&mine, 1, MPI_INT64_T, counts, 1, MPI_INT64_T, world->comm);
    rpi_mpi_check(code, "MPI_Allgather", error);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++)
        all += counts[rank];
    if (rp_buffer_resize(extents, (size_t)all * sizeof(struct extent)) == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for a list of all results");
    if (rpi_mpi_agree(world->comm, error) != RP_OK)
        return;
    extents->size = 0;
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++)
        code = extents_broadcast(results, rank, counts[rank], extents);
    if (rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK)
        qsort(extents->data, (size_t)all, sizeof(struct extent), extent_compare);
}

/* Both lists ascend. `file` remembers a failed write. */
static void results_write_own(const rp_results *results, const rp_buffer *extents, rp_file *file)
{
    const struct extent *extent = (const struct extent *)extents->data;
    const struct result_run *runs = results_runs(results);
    int64_t offset = 0;
    for (int64_t i = 0; i < results_run_count(results); i++) {
        size_t bytes;
        const char *data = results_run_bytes(results, &runs[i], &bytes);
        for (; extent->begin != runs[i].begin; extent++)
            offset += extent->bytes;
        rp_file_write_at(file, offset, data, bytes);
    }
}

static rp_status results_write_file(rp_results *results, const char *path, const rp_buffer *extents)
{
    rp_file *file;
    rp_status status = rp_file_create(results->pool, path, &file);
    if (status != RP_OK)
        return status;
    results_write_own(results, extents, file);
    return rp_file_close(&file, RP_OK);
}

rp_status rp_results_write(rp_results *results, const char *path)
{
    if (results == NULL)
        return rpi_refuse_null(__func__, "results");
    rp_pool *pool = results->pool;
    struct vote vote = rpi_vote(CALL_RESULTS_WRITE);
    vote.terms[RESULTS_NUMBER] = results->number;
    rp_buffer extents;
    rpi_buffer_init(&extents);
    int64_t *counts = malloc((size_t)pool->world.ranks * sizeof *counts);
    if (counts == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for the counts of all ranks");
    rp_status status = rpi_pool_agree(pool, &vote);
    if (status == RP_OK) {
        vote = rpi_vote(CALL_RESULTS_MOVED);
        extents_exchange(results, counts, &extents, &vote.error);
        status = rpi_pool_agree(pool, &vote);
    }
    if (status == RP_OK)
        status = results_write_file(results, path, &extents);
    rpi_buffer_free(&extents);
    free(counts);
    return status;
}
