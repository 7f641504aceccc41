/* Gathers results in item order on one rank: first their lengths, then their bytes, straight into
 * place. */
#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "engine/varlen_results.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    rp_results *results;
    const struct world *world;
    int root;
    int64_t *counts;         /* on the root: number of runs of each rank */
    struct result_run *runs; /* on the root: all runs, rank by rank */
    rp_error error;
};

static bool gathering_at_root(const struct gathering *gathering)
{
    return gathering->world->rank == gathering->root;
}

static int64_t *results_offsets(const rp_results *results)
{
    return (int64_t *)results->offsets.data;
}

/* First agreement: all ranks mean the same results, and the root has memory to begin with. */
static rp_status gathering_agree(struct gathering *gathering, int root, const int64_t **offsets,
                                 const void **data)
{
    rp_results *results = gathering->results;
    const struct world *world = gathering->world;
    struct vote vote = rpi_vote(CALL_RESULTS_GATHER);
    vote.terms[RESULTS_NUMBER] = results->number;
    vote.terms[RESULTS_ROOT] = root;
    size_t offset_bytes = ((size_t)results->items + 1) * sizeof(int64_t);
    if (root < 0 || root >= world->ranks)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "root is %d, but the ranks are 0 to %d", root,
                      world->ranks - 1);
    else if (gathering_at_root(gathering) && (offsets == NULL || data == NULL))
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT,
                      "no place to store the results' offsets or data in");
    else if (gathering_at_root(gathering)) {
        gathering->counts = malloc((size_t)world->ranks * sizeof *gathering->counts);
        if (gathering->counts == NULL || !rp_buffer_resize(&results->offsets, offset_bytes))
            rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for the offsets of results");
        else
            memset(results->offsets.data, 0, offset_bytes);
    }
    return rpi_pool_agree(results->pool, &vote);
}

/* Gathers the number of runs of each rank. */
static void gathering_run_counts(struct gathering *gathering)
{
    int64_t mine = results_run_count(gathering->results), all = 0;
    int code = MPI_Gather(&mine, 1, MPI_INT64_T, gathering->counts, 1, MPI_INT64_T, gathering->root,
                          gathering->world->comm);
    rpi_mpi_check(code, "MPI_Gather", &gathering->error);
    if (code != MPI_SUCCESS || !gathering_at_root(gathering))
        return;
    for (int rank = 0; rank < gathering->world->ranks; rank++)
        all += gathering->counts[rank];
    gathering->runs = malloc((size_t)(all + 1) * sizeof *gathering->runs);
    if (gathering->runs == NULL)
        rpi_error_set(&gathering->error, RP_ERR_MEMORY, "no memory for a list of all results");
}

/* Moves bytes from `mine` on a rank to `place` on the root. Both sides make these calls in the same
 * order. */
static int gathering_move(const struct gathering *gathering, int rank, const void *mine,
                          void *place, size_t bytes)
{
    if (rank != gathering->root)
        return gathering_at_root(gathering)
                   ? rpi_message_receive(place, bytes, rank, gathering->world->comm)
                   : rpi_message_send(mine, bytes, gathering->root, gathering->world->comm);
    if (bytes > 0)
        memcpy(place, mine, bytes);
    return MPI_SUCCESS;
}

/* On the root: turns ends of results into their lengths. */
static void gathering_make_lengths(const struct result_run *run, int64_t *lengths)
{
    for (int64_t i = run->end - run->begin - 1; i > 0; i--)
        lengths[i] -= lengths[i - 1];
    lengths[0] -= run->start;
}

/* Moves the runs of a rank, and the lengths of the results in them. */
static int gathering_move_lengths(struct gathering *gathering, int rank, int64_t count,
                                  struct result_run *runs)
{
    const rp_results *results = gathering->results;
    const int64_t *ends = (const int64_t *)results->ends.data;
    int code =
        gathering_move(gathering, rank, results->runs.data, runs, (size_t)count * sizeof *runs);
    for (int64_t i = 0; i < count && code == MPI_SUCCESS; i++) {
        int64_t *place =
            gathering_at_root(gathering) ? results_offsets(results) + 1 + runs[i].begin : NULL;
        const int64_t *mine = rank == gathering->world->rank ? ends + runs[i].first : NULL;
        size_t items = (size_t)(runs[i].end - runs[i].begin);
        code = gathering_move(gathering, rank, mine, place, items * sizeof *ends);
        if (place != NULL && code == MPI_SUCCESS)
            gathering_make_lengths(&runs[i], place);
    }
    return code;
}

/* Moves the bytes of a rank's results, run by run. */
static int gathering_move_bytes(struct gathering *gathering, int rank, int64_t count,
                                struct result_run *runs)
{
    const rp_results *results = gathering->results;
    const int64_t *offsets = results_offsets(results);
    int code = MPI_SUCCESS;
    for (int64_t i = 0; i < count && code == MPI_SUCCESS; i++) {
        size_t bytes = 0;
        const char *mine = NULL;
        char *place = NULL;
        if (rank == gathering->world->rank)
            mine = results_run_bytes(results, &runs[i], &bytes);
        if (gathering_at_root(gathering)) {
            place = results->everything.data + offsets[runs[i].begin];
            bytes = (size_t)(offsets[runs[i].end] - offsets[runs[i].begin]);
        }
        code = gathering_move(gathering, rank, mine, place, bytes);
    }
    return code;
}

typedef int (*gathering_mover)(struct gathering *gathering, int rank, int64_t count,
                               struct result_run *runs);

/* The root receives from all ranks in turn; the others send. */
static void gathering_in_turn(struct gathering *gathering, gathering_mover move_one)
{
    const rp_results *results = gathering->results;
    int code = MPI_SUCCESS;
    if (!gathering_at_root(gathering))
        code = move_one(gathering, gathering->world->rank, results_run_count(results),
                        results_runs(results));
    struct result_run *runs = gathering->runs;
    for (int rank = 0; gathering_at_root(gathering) && rank < gathering->world->ranks; rank++) {
        if (code == MPI_SUCCESS)
            code = move_one(gathering, rank, gathering->counts[rank], runs);
        runs += gathering->counts[rank];
    }
    rpi_mpi_check(code, "gathering by MPI", &gathering->error);
}

/* On the root: turns lengths into offsets. */
static void gathering_add_up(struct gathering *gathering)
{
    rp_results *results = gathering->results;
    if (!gathering_at_root(gathering))
        return;
    int64_t *offsets = results_offsets(results);
    for (int64_t item = 0; item < results->items; item++)
        offsets[item + 1] += offsets[item];
    if (rp_buffer_resize(&results->everything, (size_t)offsets[results->items]) == NULL)
        rpi_error_set(&gathering->error, RP_ERR_MEMORY, "no memory for results of %lld bytes",
                      (long long)offsets[results->items]);
}

/* True on all ranks if no rank has an error. */
static bool gathering_all_sound(struct gathering *gathering)
{
    return rpi_mpi_agree(gathering->world->comm, &gathering->error) == RP_OK;
}

static rp_status gathering_run(struct gathering *gathering)
{
    rpi_error_clear(&gathering->error);
    gathering_run_counts(gathering);
    if (gathering_all_sound(gathering))
        gathering_in_turn(gathering, gathering_move_lengths);
    if (gathering->error.status == RP_OK)
        gathering_add_up(gathering);
    if (gathering_all_sound(gathering))
        gathering_in_turn(gathering, gathering_move_bytes);
    struct vote vote = rpi_vote(CALL_RESULTS_MOVED);
    vote.error = gathering->error;
    return rpi_pool_agree(gathering->results->pool, &vote);
}

rp_status rp_results_gather(rp_results *results, int root, const int64_t **offsets,
                            const void **data)
{
    if (results == NULL)
        return rpi_refuse_null(__func__, "results");
    struct gathering gathering = {.results = results, .world = &results->pool->world, .root = root};
    rp_status status = gathering_agree(&gathering, root, offsets, data);
    if (status == RP_OK)
        status = gathering_run(&gathering);
    free(gathering.counts);
    free(gathering.runs);
    bool there = status == RP_OK && gathering_at_root(&gathering);
    if (offsets != NULL)
        *offsets = there ? results_offsets(results) : NULL;
    if (data != NULL)
        *data = there ? results->everything.data : NULL;
    return status;
}
