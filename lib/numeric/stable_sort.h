/* Stable sorting of elements of any size, by keys of 64 bits or by comparison; merging, and
 * searching in what is sorted. Pure. */
#ifndef RANKPOOL_NUMERIC_STABLE_SORT_H
#define RANKPOOL_NUMERIC_STABLE_SORT_H

#include "rankpool/sort.h"

/* The order of elements, whose keys are mapped to unsigned numbers. */
struct order {
    size_t size;             /* bytes of an element */
    size_t offset;           /* of its key, or of what is compared */
    uint64_t sign, negative; /* the bits to flip in every key, and in those with the highest bit */
    rp_compare_fn compare;   /* NULL: by keys */
    void *user;
};

struct order rpi_order(const rp_sort_job *job);

/* Compares two elements: negative, 0 or positive. */
int rpi_order_compare(const struct order *order, const char *left, const char *right);

/* Sorts n elements. `scratch` has room for n, and at least for one. */
void rpi_stable_sort(const struct order *order, char *elements, int64_t n, char *scratch);

/* Merges `count` sorted runs that follow one another in *elements; their lengths are overwritten.
 * The result is then in *elements, which may have changed places with *scratch. */
void rpi_merge_runs(const struct order *order, char **elements, int64_t *lengths, int count,
                    char **scratch);

/* How many of n sorted elements come before this one; with `equal`, equal ones count too. */
int64_t rpi_order_search(const struct order *order, const char *sorted, int64_t n,
                         const char *element, bool equal);

#endif
