/* Sorting, and reductions by key: each rank sorts its block; the ranks find where to cut the
 * blocks, exchange the pieces, and merge what they received. */
#include "base/error.h"
#include "collective/select.h"

#include <stdlib.h>
#include <string.h>

/* A call in progress. */
struct sorting {
    struct collective collective;
    struct order order;
    struct selection selection;
    char *mine;                /* the program's array */
    int64_t count;             /* elements in it */
    int64_t room;              /* elements that each other array has room for */
    char *scratch, *received;  /* of the sort; of what other ranks sent, in reductions by key */
    int64_t *counts, *lengths; /* of the pieces sent and received, one for each rank */
};

/* ---- arguments ------------------------------------------------------------------------------- */

static void sorting_check_order(struct collective *collective, const rp_sort_job *job)
{
    bool keys = job->compare == NULL;
    int64_t *terms = collective->vote.terms;
    terms[SORT_KEY_TYPE] = keys ? (int64_t)job->key_type : -1;
    terms[SORT_KEY_OFFSET] = keys ? (int64_t)job->key_offset : 0;
    if (keys && (job->size < 8 || job->key_offset > job->size - 8))
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "a key of 8 bytes at key_offset is not within an element");
    else if (keys && (unsigned)job->key_type > RP_KEY_DOUBLE)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "key_type is none of RP_KEY_UINT64, RP_KEY_INT64, RP_KEY_DOUBLE");
}

static void sorting_reserve(struct sorting *sorting, bool by_key)
{
    struct collective *collective = &sorting->collective;
    size_t ranks = (size_t)collective->pool->world.ranks;
    if (collective->vote.error.status != RP_OK)
        return;
    /* cutting between groups moves a cut by less than the number of ranks */
    sorting->room = sorting->count + (int64_t)ranks;
    sorting->scratch = malloc((size_t)sorting->room * sorting->order.size);
    sorting->received = by_key ? malloc((size_t)sorting->room * sorting->order.size) : NULL;
    sorting->counts = malloc(ranks * sizeof *sorting->counts);
    sorting->lengths = malloc(ranks * sizeof *sorting->lengths);
    bool selects = rpi_selection_make(&sorting->selection, collective->pool, &sorting->order);
    if (sorting->scratch == NULL || (by_key && sorting->received == NULL) ||
        sorting->counts == NULL || sorting->lengths == NULL || !selects)
        rpi_collective_refuse(collective, RP_ERR_MEMORY, "no memory to sort in");
}

/* Checks the arguments and allocates; the agreement on them follows. */
static void sorting_begin(struct sorting *sorting, rp_pool *pool, enum call call,
                          const rp_sort_job *job)
{
    static const rp_sort_job none = {.size = 8};
    struct collective *collective = &sorting->collective;
    const rp_sort_job *given = job != NULL ? job : &none;
    memset(sorting, 0, sizeof *sorting);
    rpi_collective_begin(collective, pool, call, 0, given->n, rp_bytes(given->size));
    if (job == NULL)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT, "job is NULL");
    else if (!rpi_reserved_zero(job->reserved, sizeof job->reserved / sizeof job->reserved[0]))
        rpi_collective_refuse(collective, RP_ERR_VERSION, "job.reserved is not zero");
    sorting_check_order(collective, given);
    rpi_collective_own(collective, "mine", given->mine);
    sorting->mine = given->mine;
    sorting->order = rpi_order(given);
    if (collective->vote.error.status == RP_OK)
        sorting->count = rpi_collective_part(collective, pool->world.rank);
}

static void sorting_end(struct sorting *sorting)
{
    rpi_selection_free(&sorting->selection);
    free(sorting->scratch);
    free(sorting->received);
    free(sorting->counts);
    free(sorting->lengths);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Sends each rank its piece of `from`, of which `n` elements are sorted here. */
static rp_status sorting_exchange(struct sorting *sorting, const char *from, int64_t n, char *to,
                                  int64_t room)
{
    int ranks = sorting->collective.pool->world.ranks;
    const int64_t *cuts = sorting->selection.low;
    for (int rank = 0; rank < ranks; rank++)
        sorting->counts[rank] =
            (rank + 1 < ranks ? cuts[rank] : n) - (rank > 0 ? cuts[rank - 1] : 0);
    return rp_alltoallv(sorting->collective.pool, from, sorting->counts,
                        rp_bytes(sorting->order.size), to, room, sorting->lengths);
}

static int64_t sorting_received(const struct sorting *sorting)
{
    int64_t sum = 0;
    for (int rank = 0; rank < sorting->collective.pool->world.ranks; rank++)
        sum += sorting->lengths[rank];
    return sum;
}

static rp_status sort_run(struct sorting *sorting)
{
    rp_pool *pool = sorting->collective.pool;
    size_t bytes = (size_t)sorting->count * sorting->order.size;
    rpi_stable_sort(&sorting->order, sorting->mine, sorting->count, sorting->scratch);
    if (pool->world.ranks == 1)
        return RP_OK;
    if (rpi_select_blocks(&sorting->selection, sorting->mine, sorting->count,
                          sorting->collective.n) != RP_OK ||
        sorting_exchange(sorting, sorting->mine, sorting->count, sorting->scratch,
                         sorting->count) != RP_OK)
        return pool->last.status;
    char *merged = sorting->scratch, *other = sorting->mine;
    rpi_merge_runs(&sorting->order, &merged, sorting->lengths, pool->world.ranks, &other);
    if (merged != sorting->mine && bytes > 0)
        memcpy(sorting->mine, merged, bytes);
    return RP_OK;
}

rp_status rp_sort(rp_pool *pool, const rp_sort_job *job)
{
    struct sorting sorting;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    sorting_begin(&sorting, pool, CALL_SORT, job);
    sorting_reserve(&sorting, false);
    rp_status status = rpi_collective_agree(&sorting.collective);
    if (status == RP_OK)
        status = sort_run(&sorting);
    sorting_end(&sorting);
    return status;
}

/* ---- reductions by key ----------------------------------------------------------------------- */

/* Combines neighbours that are equal, among n sorted elements. Returns how many are left. */
static int64_t groups_combine(const struct sorting *sorting, char *elements, int64_t n,
                              rp_combine_fn combine, rp_error *error)
{
    size_t size = sorting->order.size;
    char *last = elements, *next = elements + size;
    if (n == 0)
        return 0;
    for (int64_t i = 1; i < n && error->status == RP_OK; i++, next += size) {
        if (rpi_order_compare(&sorting->order, last, next) != 0) {
            last += size;
            if (last != next)
                memcpy(last, next, size);
            continue;
        }
        int code = combine(last, next, sorting->order.user);
        if (code != 0) {
            rpi_error_set(error, RP_ERR_TASK, "combine returned %d", code);
            error->task_code = code;
        }
    }
    return (int64_t)((size_t)(last - elements) / size) + 1;
}

/* The same, and a sum over the ranks of what is left; *before: on lower ranks. Every rank gets the
 * same status. */
static rp_status groups_count(struct sorting *sorting, char *elements, int64_t *n,
                              rp_combine_fn combine, int64_t *before, int64_t *all)
{
    rp_pool *pool = sorting->collective.pool;
    struct vote vote = rpi_vote(CALL_COMBINED);
    *n = groups_combine(sorting, elements, *n, combine, &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    if (rp_scan_ranks(pool, n, 1, MPI_INT64_T, MPI_SUM, before) != RP_OK ||
        rp_allreduce_ranks(pool, n, 1, MPI_INT64_T, MPI_SUM, all) != RP_OK)
        return pool->last.status;
    *before -= *n;
    return RP_OK;
}

/* Makes the blocks of the groups near-equal: `before` of them are on lower ranks, n here. */
static rp_status groups_balance(struct sorting *sorting, const char *elements, int64_t n,
                                int64_t before, int64_t all)
{
    int ranks = sorting->collective.pool->world.ranks;
    for (int rank = 0; rank + 1 < ranks; rank++) {
        int64_t cut = rp_block(all, ranks, rank).end - before;
        sorting->selection.low[rank] = cut < 0 ? 0 : cut < n ? cut : n;
    }
    return sorting_exchange(sorting, elements, n, sorting->mine, sorting->count);
}

static rp_status reduce_by_key_run(struct sorting *sorting, rp_combine_fn combine, int64_t *groups)
{
    rp_pool *pool = sorting->collective.pool;
    struct selection *selection = &sorting->selection;
    int64_t n = sorting->count, before, all;
    rpi_stable_sort(&sorting->order, sorting->mine, n, sorting->scratch);
    if (groups_count(sorting, sorting->mine, &n, combine, &before, &all) != RP_OK ||
        rpi_select_blocks(selection, sorting->mine, n, all) != RP_OK ||
        rpi_select_whole_groups(selection, n) != RP_OK ||
        sorting_exchange(sorting, sorting->mine, n, sorting->received, sorting->room) != RP_OK)
        return pool->last.status;
    n = sorting_received(sorting);
    char *merged = sorting->received, *other = sorting->scratch;
    rpi_merge_runs(&sorting->order, &merged, sorting->lengths, pool->world.ranks, &other);
    if (groups_count(sorting, merged, &n, combine, &before, &all) != RP_OK ||
        groups_balance(sorting, merged, n, before, all) != RP_OK)
        return pool->last.status;
    *groups = all;
    return RP_OK;
}

rp_status rp_reduce_by_key(rp_pool *pool, const rp_sort_job *job, rp_combine_fn combine,
                           int64_t *groups)
{
    struct sorting sorting;
    struct collective *collective = &sorting.collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    sorting_begin(&sorting, pool, CALL_REDUCE_BY_KEY, job);
    if (combine == NULL || groups == NULL)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              combine == NULL ? "combine is NULL" : "groups is NULL");
    sorting_reserve(&sorting, true);
    rp_status status = rpi_collective_agree(collective);
    if (status == RP_OK)
        status = reduce_by_key_run(&sorting, combine, groups);
    sorting_end(&sorting);
    return status;
}
