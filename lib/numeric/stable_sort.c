#include "numeric/stable_sort.h"

#include <stdbool.h>
#include <string.h>

enum {
    DIGIT_BITS = 8,
    DIGITS = 1 << DIGIT_BITS,
    FEW = 24 /* elements are sorted by insertion */
};

/* ---- order ----------------------------------------------------------------------------------- */

/* A double is a sign and a magnitude: flipping the sign, and all other bits of negative ones, makes
 * the bits ascend with the numbers. */
struct order rpi_order(const rp_sort_job *job)
{
    const uint64_t high = UINT64_C(1) << 63;
    return (struct order){
        .size = job->size,
        .offset = job->compare == NULL ? job->key_offset : 0,
        .sign = job->key_type == RP_KEY_UINT64 ? 0 : high,
        .negative = job->key_type == RP_KEY_DOUBLE ? high - 1 : 0,
        .compare = job->compare,
        .user = job->user,
    };
}

static inline uint64_t order_key(const struct order *order, const char *element)
{
    uint64_t bits;
    memcpy(&bits, element + order->offset, sizeof bits);
    return bits ^ (order->sign | (-(bits >> 63) & order->negative));
}

/* Does `right` come before `left`? */
static inline bool order_reversed(const struct order *order, const char *left, const char *right)
{
    if (order->compare != NULL)
        return order->compare(left + order->offset, right + order->offset, order->user) > 0;
    return order_key(order, right) < order_key(order, left);
}

int rpi_order_compare(const struct order *order, const char *left, const char *right)
{
    if (order->compare != NULL)
        return order->compare(left + order->offset, right + order->offset, order->user);
    uint64_t a = order_key(order, left), b = order_key(order, right);
    return (a > b) - (a < b);
}

int64_t rpi_order_search(const struct order *order, const char *sorted, int64_t n,
                         const char *element, bool equal)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int sense = rpi_order_compare(order, sorted + (size_t)middle * order->size, element);
        if (sense < 0 || (equal && sense == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- insertion ------------------------------------------------------------------------------- */

/* `spare` has room for one element. `size` is order->size, as a constant if the compiler knows
 * it. */
static inline void sort_by_insertion_sized(const struct order *given, char *elements, int64_t n,
                                           char *spare, size_t size)
{
    const struct order fixed = *given, *order = &fixed; /* stores cannot change it */
    for (int64_t i = 1; i < n; i++) {
        char *place = elements + (size_t)i * size;
        if (!order_reversed(order, place - size, place))
            continue;
        memcpy(spare, place, size);
        do {
            memcpy(place, place - size, size);
            place -= size;
        } while (place > elements && order_reversed(order, place - size, spare));
        memcpy(place, spare, size);
    }
}

static void sort_by_insertion(const struct order *order, char *elements, int64_t n, char *spare)
{
    if (order->size == 8)
        sort_by_insertion_sized(order, elements, n, spare, 8);
    else if (order->size == 16)
        sort_by_insertion_sized(order, elements, n, spare, 16);
    else
        sort_by_insertion_sized(order, elements, n, spare, order->size);
}

/* ---- merging --------------------------------------------------------------------------------- */

/* A merge in progress. */
struct merge {
    const char *left, *left_end, *right, *right_end;
    char *to;
};

/* Without branches that depend on the keys. */
__attribute__((always_inline)) static inline void merge_step(const struct order *order,
                                                             struct merge *merge, size_t size)
{
    size_t from_right = order_reversed(order, merge->left, merge->right) ? 1 : 0;
    ptrdiff_t apart = merge->right - merge->left;
    memcpy(merge->to, merge->left + (apart & -(ptrdiff_t)from_right), size);
    merge->right += from_right * size;
    merge->left += (1 - from_right) * size;
    merge->to += size;
}

/* The number of steps that are possible whatever the keys are. */
static inline size_t merge_safe_steps(const struct merge *merge, size_t size)
{
    size_t left = (size_t)(merge->left_end - merge->left) / size;
    size_t right = (size_t)(merge->right_end - merge->right) / size;
    return left < right ? left : right;
}

__attribute__((always_inline)) static inline void merge_finish(const struct order *order,
                                                               struct merge *merge, size_t size)
{
    while (merge->left < merge->left_end && merge->right < merge->right_end)
        merge_step(order, merge, size);
    memcpy(merge->to, merge->left, (size_t)(merge->left_end - merge->left));
    merge->to += merge->left_end - merge->left;
    if (merge->to != merge->right)
        memcpy(merge->to, merge->right, (size_t)(merge->right_end - merge->right));
}

/* Two independent merges: a core has one step of each in progress at once. `by_key` and `size`: as
 * in the order, as constants if the compiler knows them. */
__attribute__((always_inline)) static inline void
merge_two(const struct order *given, struct merge one, struct merge other, bool by_key, size_t size)
{
    struct order order = *given; /* stores of elements cannot change it */
    if (by_key)
        order.compare = NULL;
    size_t steps;
    do {
        size_t safe = merge_safe_steps(&other, size);
        steps = merge_safe_steps(&one, size);
        steps = safe < steps ? safe : steps;
        for (size_t i = 0; i < steps; i++) {
            merge_step(&order, &one, size);
            merge_step(&order, &other, size);
        }
    } while (steps > 0);
    merge_finish(&order, &one, size);
    merge_finish(&order, &other, size);
}

/* How many elements of the left run are among the first `count` of the merged ones. */
static int64_t merge_find_cut(const struct order *order, const char *left, int64_t left_count,
                              const char *right, int64_t right_count, int64_t count)
{
    int64_t low = count > right_count ? count - right_count : 0;
    int64_t high = count < left_count ? count : left_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (order_reversed(order, left + (size_t)middle * order->size,
                           right + (size_t)(count - middle - 1) * order->size))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Merges two sorted runs: the first half of the result and the second one are two merges. Of equal
 * elements, those of the left run come first. */
static void merge_runs(const struct order *order, const char *left, int64_t left_count,
                       const char *right, int64_t right_count, char *to)
{
    int64_t half = (left_count + right_count) / 2;
    int64_t cut = merge_find_cut(order, left, left_count, right, right_count, half);
    const char *left_cut = left + (size_t)cut * order->size;
    const char *right_cut = right + (size_t)(half - cut) * order->size;
    struct merge one = {left, left_cut, right, right_cut, to};
    struct merge other = {left_cut, left + (size_t)left_count * order->size, right_cut,
                          right + (size_t)right_count * order->size,
                          to + (size_t)half * order->size};
    bool by_key = order->compare == NULL;
    if (by_key && order->size == 8)
        merge_two(order, one, other, true, 8);
    else if (by_key && order->size == 16)
        merge_two(order, one, other, true, 16);
    else
        merge_two(order, one, other, by_key, order->size);
}

/* Merges each pair of runs. Returns the number of runs that are left. */
static int merge_pairs(const struct order *order, const char *from, int64_t *lengths, int count,
                       char *to)
{
    for (int i = 0; i < count; i += 2) {
        int64_t left = lengths[i], right = i + 1 < count ? lengths[i + 1] : 0;
        size_t bytes = (size_t)(left + right) * order->size;
        merge_runs(order, from, left, from + (size_t)left * order->size, right, to);
        lengths[i / 2] = left + right;
        from += bytes;
        to += bytes;
    }
    return (count + 1) / 2;
}

void rpi_merge_runs(const struct order *order, char **elements, int64_t *lengths, int count,
                    char **scratch)
{
    while (count > 1) {
        count = merge_pairs(order, *elements, lengths, count, *scratch);
        char *merged = *scratch;
        *scratch = *elements;
        *elements = merged;
    }
}

/* The right run is at the end of the memory of the result. */
static void sort_by_merging(const struct order *order, char *elements, int64_t n, char *scratch)
{
    if (n <= FEW) {
        sort_by_insertion(order, elements, n, scratch);
        return;
    }
    int64_t half = n / 2;
    char *right = elements + (size_t)half * order->size;
    sort_by_merging(order, elements, half, scratch);
    sort_by_merging(order, right, n - half, scratch);
    if (!order_reversed(order, right - order->size, right))
        return;
    memcpy(scratch, elements, (size_t)half * order->size);
    struct merge merge = {scratch, scratch + (size_t)half * order->size, right,
                          elements + (size_t)n * order->size, elements};
    merge_finish(order, &merge, order->size);
}

/* ---- radix sort ------------------------------------------------------------------------------ */

static inline unsigned radix_digit(const struct order *order, const char *element, int shift)
{
    return (unsigned)(order_key(order, element) >> shift) % DIGITS;
}

static inline void radix_count(const struct order *order, const char *from, int64_t n, int shift,
                               int64_t *counts, size_t size)
{
    const struct order fixed = *order; /* stores cannot change it */
    for (int64_t i = 0; i < n; i++)
        counts[radix_digit(&fixed, from + (size_t)i * size, shift)]++;
}

/* Distributes the elements by a digit; places[d]: where the next element with digit d goes. */
static inline void radix_distribute(const struct order *order, const char *from, int64_t n,
                                    int shift, char **places, size_t size)
{
    const struct order fixed = *order;
    for (int64_t i = 0; i < n; i++, from += size) {
        char **place = &places[radix_digit(&fixed, from, shift)];
        memcpy(*place, from, size);
        *place += size;
    }
}

/* Distributes the elements by a digit from one array to the other. Returns whether there are
 * several digits; if not, nothing was moved. */
static bool radix_pass(const struct order *order, const char *from, char *to, int64_t n, int shift,
                       int64_t *counts)
{
    char *places[DIGITS];
    size_t size = order->size;
    memset(counts, 0, DIGITS * sizeof *counts);
    if (size == 8)
        radix_count(order, from, n, shift, counts, 8);
    else
        radix_count(order, from, n, shift, counts, size);
    if (counts[radix_digit(order, from, shift)] == n)
        return false;
    for (int digit = 0; digit < DIGITS; digit++) {
        places[digit] = to;
        to += (size_t)counts[digit] * size;
    }
    if (size == 8)
        radix_distribute(order, from, n, shift, places, 8);
    else if (size == 16)
        radix_distribute(order, from, n, shift, places, 16);
    else
        radix_distribute(order, from, n, shift, places, size);
    return true;
}

/* Sorts the elements by the bits below shift + DIGIT_BITS: by the highest digit first, so that soon
 * all is in a cache. They are in `here`, and are to be in `other` in the end if `move`. */
static void sort_by_radix(const struct order *order, char *here, char *other, int64_t n, int shift,
                          bool move)
{
    int64_t counts[DIGITS];
    if (n > FEW) {
        while (shift >= 0 && !radix_pass(order, here, other, n, shift, counts))
            shift -= DIGIT_BITS;
    }
    if (n <= FEW || shift < 0) {
        if (n > 1 && shift >= 0)
            sort_by_insertion(order, here, n, other);
        if (move)
            memcpy(other, here, (size_t)n * order->size);
        return;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t bytes = (size_t)counts[digit] * order->size;
        if (counts[digit] > 0)
            sort_by_radix(order, other, here, counts[digit], shift - DIGIT_BITS, !move);
        here += bytes;
        other += bytes;
    }
}

/* The position of the highest digit in which keys differ; -1: in none. */
static int radix_highest_digit(const struct order *order, const char *elements, int64_t n)
{
    uint64_t differing = 0, first = n > 0 ? order_key(order, elements) : 0;
    for (int64_t i = 1; i < n; i++)
        differing |= order_key(order, elements + (size_t)i * order->size) ^ first;
    return differing == 0 ? -1 : (63 - __builtin_clzll(differing)) / DIGIT_BITS * DIGIT_BITS;
}

void rpi_stable_sort(const struct order *order, char *elements, int64_t n, char *scratch)
{
    if (order->compare != NULL)
        sort_by_merging(order, elements, n, scratch);
    else
        sort_by_radix(order, elements, scratch, n, radix_highest_digit(order, elements, n), false);
}
