/* Each round, every rank proposes the middle one of its candidates for a border. The median of
 * these, weighted by the numbers of candidates, is the pivot: at least a quarter of all candidates
 * is on either side of it (Saukas and Song, Algorithmica 24, 1999). The ranks count what comes
 * before it, and drop the candidates on the wrong side. Elements are ordered by themselves, then by
 * rank and position, so all differ. */
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
    selection->below = malloc(words);
    selection->below_all = malloc(ranks * words);
    selection->pivot_ranks = malloc(ranks * sizeof(int));
    selection->mine = calloc(ranks, records->size);
    selection->all = malloc(ranks * ranks * records->size);
    selection->candidates = malloc(ranks * records->size);
    selection->spare = malloc(ranks * records->size);
    return selection->low != NULL && selection->high != NULL && selection->below != NULL &&
           selection->below_all != NULL && selection->pivot_ranks != NULL &&
           selection->mine != NULL && selection->all != NULL && selection->candidates != NULL &&
           selection->spare != NULL;
}

void rpi_selection_free(struct selection *selection)
{
    free(selection->low);
    free(selection->high);
    free(selection->below);
    free(selection->below_all);
    free(selection->pivot_ranks);
    free(selection->mine);
    free(selection->all);
    free(selection->candidates);
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

static rp_status records_gather(struct selection *selection)
{
    int64_t n = (int64_t)selection->pool->world.ranks * borders(selection);
    return rp_allgather(selection->pool, selection->mine, n, rp_bytes(record_bytes(selection)),
                        selection->all);
}

/* Collects the records of a border that have an element, sorted. Returns their number. */
static int records_sort(struct selection *selection, int border, int64_t *weight)
{
    size_t bytes = record_bytes(selection);
    int count = 0;
    *weight = 0;
    for (int rank = 0; rank < selection->pool->world.ranks; rank++) {
        const char *record =
            selection->all + ((size_t)rank * (size_t)borders(selection) + (size_t)border) * bytes;
        if (record_get(record).weight == 0)
            continue;
        *weight += record_get(record).weight;
        memcpy(selection->candidates + (size_t)count++ * bytes, record, bytes);
    }
    rpi_stable_sort(&selection->record_order, selection->candidates, count, selection->spare);
    return count;
}

/* The weighted median of the candidates of a border; NULL: none is left. */
static const char *select_pivot(struct selection *selection, int border)
{
    int64_t weight, before = 0;
    int count = records_sort(selection, border, &weight);
    const char *record = selection->candidates;
    for (int i = 0; i < count; i++, record += record_bytes(selection)) {
        before += record_get(record).weight;
        if (before >= weight - before)
            return record;
    }
    return NULL;
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
    if (records_gather(selection) != RP_OK)
        return selection->pool->last.status;
    *left = false;
    for (int i = 0; i < borders(selection); i++) {
        const char *pivot = select_pivot(selection, i);
        selection->pivot_ranks[i] = pivot != NULL ? (int)record_get(pivot).rank : -1;
        selection->below[i] = pivot != NULL ? select_count_below(selection, i, pivot) : 0;
        *left = *left || pivot != NULL;
    }
    return RP_OK;
}

/* Drops the candidates of a border that are on the wrong side of the pivot. */
static void select_narrow(struct selection *selection, int border, int64_t target)
{
    int pivot_rank = selection->pivot_ranks[border];
    bool here = pivot_rank == selection->pool->world.rank;
    int64_t below = selection->below[border], below_all = 0;
    if (pivot_rank < 0)
        return;
    for (int rank = 0; rank < selection->pool->world.ranks; rank++)
        below_all += selection->below_all[rank * borders(selection) + border];
    if (below_all < target) /* the pivot itself comes before the border */
        selection->low[border] = below + (here ? 1 : 0);
    else
        selection->high[border] = below;
}

/* Gathered and summed by each rank, which on one node calls no MPI: there, ranks that wait
 * sleep. */
static rp_status select_gather_below(struct selection *selection)
{
    int64_t n = (int64_t)selection->pool->world.ranks * borders(selection);
    return rp_allgather(selection->pool, selection->below, n, rp_datatype(MPI_INT64_T),
                        selection->below_all);
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
           select_gather_below(selection) == RP_OK) {
        for (int i = 0; i < borders(selection); i++)
            select_narrow(selection, i, rp_block(all, pool->world.ranks, i).end);
    }
    return pool->last.status;
}

rp_status rpi_select_whole_groups(struct selection *selection, int64_t n)
{
    for (int i = 0; i < borders(selection); i++)
        record_set(selection, i, selection->low[i] < n ? 1 : 0, selection->low[i]);
    if (borders(selection) == 0 || records_gather(selection) != RP_OK)
        return borders(selection) == 0 ? RP_OK : selection->pool->last.status;
    for (int i = 0; i < borders(selection); i++) {
        int64_t weight;
        if (records_sort(selection, i, &weight) > 0)
            selection->low[i] =
                rpi_order_search(&selection->order, selection->sorted, n,
                                 selection->candidates + sizeof(struct candidate), false);
    }
    return RP_OK;
}
