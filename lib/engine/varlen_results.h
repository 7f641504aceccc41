/* Results of unequal length, on the ranks that computed them. The files:
 *
 *     map_varlen.c      the job that computes them
 *     varlen_results.c  a rank's own results, item by item
 *     varlen_gather.c   all results, in item order, on one rank
 *     varlen_write.c    all results, in item order, in a file
 *
 * A rank stores the bytes of its items one after the other, in the order in which it computed them,
 * and the end of each. Runs record which items these are. */
#ifndef RANKPOOL_ENGINE_VARLEN_RESULTS_H
#define RANKPOOL_ENGINE_VARLEN_RESULTS_H

#include "base/buffer.h"
#include "pool/pool.h"

/* Items begin ... end - 1, computed one after the other. */
struct result_run {
    int64_t begin, end;
    int64_t first;  /* index in `ends` of its first item */
    int64_t start;  /* offset of its first byte */
    int64_t before; /* number of this rank's items in runs of lower items */
};

struct rp_results {
    rp_pool *pool;
    int64_t number;
    int64_t items;        /* number of items of all ranks */
    rp_buffer runs;       /* of struct result_run; ascending after rpi_results_sort() */
    rp_buffer ends;       /* of int64_t: the end of each item's bytes */
    rp_buffer bytes;      /* the bytes of all items */
    rp_buffer offsets;    /* last gathered: offset of each item, of int64_t */
    rp_buffer everything; /* last gathered: the bytes of all items */
};

/* Appends an item's bytes. False: there is no memory, and nothing is added. */
bool rpi_results_add(rp_results *results, int64_t item, const rp_buffer *bytes);

/* Sorts the runs. Call it after the last rpi_results_add(). */
void rpi_results_sort(rp_results *results);

static inline struct result_run *results_runs(const rp_results *results)
{
    return (struct result_run *)results->runs.data;
}

static inline int64_t results_run_count(const rp_results *results)
{
    return (int64_t)(results->runs.size / sizeof(struct result_run));
}

/* The offset of the first byte of the item of ends[index]. */
static inline int64_t results_item_begin(const rp_results *results, int64_t index)
{
    return index > 0 ? ((const int64_t *)results->ends.data)[index - 1] : 0;
}

/* The bytes of a run, and their number. */
static inline const char *results_run_bytes(const rp_results *results, const struct result_run *run,
                                            size_t *bytes)
{
    int64_t end = results_item_begin(results, run->first + run->end - run->begin);
    *bytes = (size_t)(end - run->start);
    return results->bytes.data + run->start;
}

#endif
