/* Each round, every rank proposes the middle one of its candidates for a border. The median of
 * these, weighted by the numbers of candidates, is the pivot: at least a quarter of all candidates
 * is on either side of it (Saukas and Song, Algorithmica 24, 1999). The ranks count what comes
 * before it, and drop the candidates on the wrong side. Elements are ordered by themselves, then by
 * rank and position, so all differ.
 *
 * All borders are sought at once. Each rank chooses the pivots of one border, and sums its counts,
 * so in a round a rank sends and receives as many records as there are ranks. */
#include "collective/select.h"

#include "base/round_up.h"

#include <stdlib.h>
#include <string.h>

/* What a rank tells of a border, before a copy of the element. */
struct candidate {
    int64_t weight;   /* number of candidates; 0: no element follows */
    int64_t position; /* of the proposed one on its rank */
    int64_t rank;
};

static size_t record_bytes(const struct selection *selection)
{
    return selection->record_order.size;
}

static int borders(const struct selection *selection)
{
    return selection->pool->world.ranks - 1;
}

bool rpi_selection_make(struct selection *selection, rp_pool *pool, const struct order *order)
{
    size_t ranks = (size_t)pool->world.ranks, words = ranks * sizeof(int64_t);
    *selection = (struct selection){.pool = pool, .order = *order, .record_order = *order};
    struct order *records = &selection->record_order;
    records->size = round_up(sizeof(struct candidate) + order->size, sizeof(int64_t));
    records->offset += sizeof(struct candidate);
    selection->low = malloc(words);
    selection->high = malloc(words);
    selection->below = calloc(1, words);
    selection->counts = malloc(words);
    selection->mine = calloc(ranks, records->size);
    selection->arrived = malloc(ranks * records->size);
    selection->pivots = malloc(ranks * records->size);
    selection->spare = malloc(ranks * records->size);
    return selection->low != NULL && selection->high != NULL && selection->below != NULL &&
           selection->counts != NULL && selection->mine != NULL && selection->arrived != NULL &&
           selection->pivots != NULL && selection->spare != NULL;
}

void rpi_selection_free(struct selection *selection)
{
    free(selection->low);
    free(selection->high);
    free(selection->below);
    free(selection->counts);
    free(selection->mine);
    free(selection->arrived);
    free(selection->pivots);
    free(selection->spare);
}

/* Writes this rank's record for a border, about the element at a position. */
static void record_set(struct selection *selection, int border, int64_t weight, int64_t position)
{
    char *record = selection->mine + (size_t)border * record_bytes(selection);
    size_t size = selection->order.size;
    struct candidate candidate = {weight, position, selection->pool->world.rank};
    memcpy(record, &candidate, sizeof candidate);
    if (weight > 0)
        memcpy(record + sizeof candidate, selection->sorted + (size_t)position * size, size);
}

static struct candidate record_get(const char *record)
{
    struct candidate candidate;
    memcpy(&candidate, record, sizeof candidate);
    return candidate;
}

/* Collects the records that have an element for the border of this rank, sorted. Returns their
 * number. */
static int records_sort(struct selection *selection, int64_t *weight)
{
    size_t bytes = record_bytes(selection);
    int count = 0;
    *weight = 0;
    for (int rank = 0; rank < selection->pool->world.ranks; rank++) {
        const char *record = selection->arrived + (size_t)rank * bytes;
        if (record_get(record).weight == 0)
            continue;
        *weight += record_get(record).weight;
        memmove(selection->arrived + (size_t)count++ * bytes, record, bytes);
    }
    rpi_stable_sort(&selection->record_order, selection->arrived, count, selection->spare);
    return count;
}

/* The weighted median of the records for the border of this rank; NULL: there are none. */
static const char *records_median(struct selection *selection)
{
    int64_t weight, before = 0;
    int count = records_sort(selection, &weight);
    const char *record = selection->arrived;
    for (int i = 0; i < count; i++, record += record_bytes(selection)) {
        before += record_get(record).weight;
        if (before >= weight - before)
            return record;
    }
    return NULL;
}

/* The first of them; NULL: there are none. */
static const char *records_first(struct selection *selection)
{
    int64_t weight;
    return records_sort(selection, &weight) > 0 ? selection->arrived : NULL;
}

/* Brings a record of every border to all ranks: the one that `choose` finds among those of all
 * ranks; of weight 0 if there is none. */
static rp_status records_choose(struct selection *selection,
                                const char *(*choose)(struct selection *selection))
{
    rp_pool *pool = selection->pool;
    size_t bytes = record_bytes(selection);
    char *chosen = selection->pivots + (size_t)pool->world.rank * bytes;
    if (rp_alltoall(pool, selection->mine, 1, rp_bytes(bytes), selection->arrived) != RP_OK)
        return pool->last.status;
    const char *record = choose(selection);
    if (record != NULL)
        memcpy(chosen, record, bytes);
    else
        memset(chosen, 0, bytes);
    return rp_allgather(pool, chosen, pool->world.ranks, rp_bytes(bytes), selection->pivots);
}

static const char *pivot_of(const struct selection *selection, int border)
{
    return selection->pivots + (size_t)border * record_bytes(selection);
}

/* How many of this rank's elements come before the pivot, searched among the candidates. */
static int64_t select_count_below(const struct selection *selection, int border, const char *record)
{
    struct candidate pivot = record_get(record);
    int64_t rank = selection->pool->world.rank, low = selection->low[border];
    if (pivot.rank == rank)
        return pivot.position;
    return low + rpi_order_search(&selection->order,
                                  selection->sorted + (size_t)low * selection->order.size,
                                  selection->high[border] - low, record + sizeof pivot,
                                  rank < pivot.rank);
}

/* Proposes candidates, and counts what is below the pivots. *left: whether there was one. */
static rp_status select_propose(struct selection *selection, bool *left)
{
    for (int i = 0; i < borders(selection); i++) {
        int64_t weight = selection->high[i] - selection->low[i];
        record_set(selection, i, weight, selection->low[i] + weight / 2);
    }
    if (records_choose(selection, records_median) != RP_OK)
        return selection->pool->last.status;
    *left = false;
    for (int i = 0; i < borders(selection); i++) {
        const char *pivot = pivot_of(selection, i);
        bool found = record_get(pivot).weight > 0;
        selection->below[i] = found ? select_count_below(selection, i, pivot) : 0;
        *left = *left || found;
    }
    return RP_OK;
}

/* Drops the candidates of a border that are on the wrong side of the pivot, which has `below`
 * elements below it on all ranks. */
static void select_narrow(struct selection *selection, int border, int64_t below, int64_t target)
{
    struct candidate pivot = record_get(pivot_of(selection, border));
    if (pivot.weight == 0)
        return;
    if (below < target) /* the pivot itself comes before the border */
        selection->low[border] =
            selection->below[border] + (pivot.rank == selection->pool->world.rank ? 1 : 0);
    else
        selection->high[border] = selection->below[border];
}

/* Sums the counts of each border, into `counts`. Unlike MPI_Allreduce() it lets ranks of one node
 * sleep that wait. */
static rp_status select_sum_below(struct selection *selection)
{
    rp_pool *pool = selection->pool;
    const rp_element count = rp_datatype(MPI_INT64_T);
    int64_t sum = 0;
    if (rp_alltoall(pool, selection->below, 1, count, selection->counts) != RP_OK)
        return pool->last.status;
    for (int rank = 0; rank < pool->world.ranks; rank++)
        sum += selection->counts[rank];
    return rp_allgather(pool, &sum, pool->world.ranks, count, selection->counts);
}

rp_status rpi_select_blocks(struct selection *selection, const char *sorted, int64_t n, int64_t all)
{
    rp_pool *pool = selection->pool;
    bool left;
    selection->sorted = sorted;
    for (int i = 0; i < borders(selection); i++) {
        selection->low[i] = 0;
        selection->high[i] = n;
    }
    if (borders(selection) == 0)
        return RP_OK;
    while (select_propose(selection, &left) == RP_OK && left &&
           select_sum_below(selection) == RP_OK) {
        for (int i = 0; i < borders(selection); i++)
            select_narrow(selection, i, selection->counts[i],
                          rp_block(all, pool->world.ranks, i).end);
    }
    return pool->last.status;
}

rp_status rpi_select_whole_groups(struct selection *selection, int64_t n)
{
    for (int i = 0; i < borders(selection); i++)
        record_set(selection, i, selection->low[i] < n ? 1 : 0, selection->low[i]);
    if (borders(selection) == 0)
        return RP_OK;
    if (records_choose(selection, records_first) != RP_OK)
        return selection->pool->last.status;
    for (int i = 0; i < borders(selection); i++) {
        const char *first = pivot_of(selection, i);
        if (record_get(first).weight > 0)
            selection->low[i] = rpi_order_search(&selection->order, selection->sorted, n,
                                                 first + sizeof(struct candidate), false);
    }
    return RP_OK;
}
