/* Results of unequal length, where they were computed. Its files:
 *
 *     collect.c         the job that computes them
 *     results.c         what a rank has of them, item by item
 *     results_gather.c  all of them, in item order, on one rank
 *     results_write.c   all of them, in item order, in a file
 *
 * A rank keeps the bytes of its items one after the other in the order in which it computed
 * them, and for each where they end. Which items those are, runs say. */
#ifndef RANKPOOL_POOL_RESULTS_H
#define RANKPOOL_POOL_RESULTS_H

#include "base/buffer.h"
#include "pool/pool.h"

/* Items begin ... end - 1, computed one after the other. */
struct result_run {
    int64_t begin, end;
    int64_t first;  /* its first item is that of ends[first], */
    int64_t start;  /* and its bytes begin here */
    int64_t before; /* items of this rank in runs of lower items */
};

struct rp_results {
    rp_pool *pool;
    int64_t number;
    int64_t items;        /* of all ranks */
    rp_buffer runs;       /* of struct result_run; ascending once all are computed */
    rp_buffer ends;       /* of int64_t: where the bytes of an item end */
    rp_buffer bytes;      /* of the items */
    rp_buffer offsets;    /* what was gathered last */
    rp_buffer everything; /* what was gathered last */
};

/* Adds an item's bytes. False: there is no memory, and nothing is added. */
bool rpi_results_add(rp_results *results, int64_t item, const rp_buffer *bytes);

/* No more will be added. */
void rpi_results_sort(rp_results *results);

static inline struct result_run *results_runs(const rp_results *results)
{
    return (struct result_run *)results->runs.data;
}

static inline int64_t results_run_count(const rp_results *results)
{
    return (int64_t)(results->runs.size / sizeof(struct result_run));
}

/* Where the bytes of the item of ends[index] begin. */
static inline int64_t results_begin(const rp_results *results, int64_t index)
{
    return index > 0 ? ((const int64_t *)results->ends.data)[index - 1] : 0;
}

/* Where the bytes of a run lie, and how many they are. */
static inline const char *results_run_bytes(const rp_results *results, const struct result_run *run,
                                            size_t *bytes)
{
    int64_t end = results_begin(results, run->first + run->end - run->begin);
    *bytes = (size_t)(end - run->start);
    return results->bytes.data + run->start;
}

#endif
