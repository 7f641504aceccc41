#include "engine/varlen_results.h"

#include <stdlib.h>

/* Makes sure that the last run can be extended by this item, starting an empty one if necessary. */
static bool results_provide_run(rp_results *results, int64_t item)
{
    int64_t count = results_run_count(results);
    if (count > 0 && results_runs(results)[count - 1].end == item)
        return true;
    struct result_run run = {
        .begin = item,
        .end = item,
        .first = (int64_t)(results->ends.size / sizeof(int64_t)),
        .start = (int64_t)results->bytes.size,
    };
    return rp_buffer_append(&results->runs, &run, sizeof run) == 0;
}

bool rpi_results_add(rp_results *results, int64_t item, const rp_buffer *bytes)
{
    size_t before = results->bytes.size;
    int64_t end = (int64_t)(before + bytes->size);
    if (!results_provide_run(results, item) ||
        rp_buffer_append(&results->bytes, bytes->data, bytes->size) != 0)
        return false;
    if (rp_buffer_append(&results->ends, &end, sizeof end) != 0) {
        rp_buffer_resize(&results->bytes, before);
        return false;
    }
    results_runs(results)[results_run_count(results) - 1].end++;
    return true;
}

static int result_run_compare(const void *left, const void *right)
{
    const struct result_run *one = left, *other = right;
    return one->begin < other->begin ? -1 : one->begin > other->begin;
}

void rpi_results_sort(rp_results *results)
{
    int64_t before = 0, count = results_run_count(results);
    struct result_run *runs = results_runs(results);
    if (count > 0)
        qsort(runs, (size_t)count, sizeof *runs, result_run_compare);
    for (int64_t i = 0; i < count; i++) {
        runs[i].before = before;
        before += runs[i].end - runs[i].begin;
    }
}

/* The run that holds this rank's item number `index`; NULL if the rank has fewer items. */
static const struct result_run *results_find(const rp_results *results, int64_t index)
{
    const struct result_run *runs = results_runs(results);
    int64_t low = 0, high = results_run_count(results);
    if (index < 0)
        return NULL;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (runs[middle].before <= index)
            low = middle;
        else
            high = middle;
    }
    bool found = high > low && index - runs[low].before < runs[low].end - runs[low].begin;
    return found ? &runs[low] : NULL;
}

bool rp_results_mine(const rp_results *results, int64_t index, int64_t *item, const void **data,
                     size_t *bytes)
{
    const struct result_run *run = results != NULL ? results_find(results, index) : NULL;
    if (run == NULL)
        return false;
    int64_t place = index - run->before, begin = results_item_begin(results, run->first + place);
    *item = run->begin + place;
    *data = results->bytes.data + begin;
    *bytes = (size_t)(results_item_begin(results, run->first + place + 1) - begin);
    return true;
}

void rp_results_free(rp_results **results)
{
    if (results == NULL || *results == NULL)
        return;
    rp_results *freed = *results;
    *results = NULL;
    rpi_buffer_free(&freed->runs);
    rpi_buffer_free(&freed->ends);
    rpi_buffer_free(&freed->bytes);
    rpi_buffer_free(&freed->offsets);
    rpi_buffer_free(&freed->everything);
    free(freed);
}
