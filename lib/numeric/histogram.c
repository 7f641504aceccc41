/* Histograms with bins of equal width, and counters for numbers outside of them. The counts follow
 * the header in memory. */
#include "rankpool.h"

#include <math.h>
#include <string.h>

size_t rp_histogram_size(int64_t bins)
{
    size_t most = (PTRDIFF_MAX - sizeof(rp_histogram)) / sizeof(int64_t);
    if (bins < 1 || (uint64_t)bins > most)
        return 0;
    return sizeof(rp_histogram) + (size_t)bins * sizeof(int64_t);
}

rp_status rp_histogram_begin(rp_histogram *histogram, double low, double high, int64_t bins)
{
    size_t size = rp_histogram_size(bins);
    double bins_per_unit = (double)bins / (high - low);
    if (histogram == NULL || size == 0 || !(low < high) || !isfinite(high - low) ||
        !isfinite(bins_per_unit))
        return RP_ERR_ARGUMENT;
    memset(histogram, 0, size);
    histogram->low = low;
    histogram->high = high;
    histogram->bins_per_unit = bins_per_unit;
    histogram->bins = bins;
    return RP_OK;
}

int64_t *rp_histogram_counts(rp_histogram *histogram)
{
    return (int64_t *)(histogram + 1);
}

void rp_histogram_add(rp_histogram *histogram, double x)
{
    if (x >= histogram->low && x < histogram->high) {
        int64_t bin = (int64_t)((x - histogram->low) * histogram->bins_per_unit);
        int64_t last = histogram->bins - 1; /* rounding may exceed it */
        rp_histogram_counts(histogram)[bin < last ? bin : last]++;
    } else if (x < histogram->low) {
        histogram->below++;
    } else if (x >= histogram->high) {
        histogram->above++;
    } else {
        histogram->nans++;
    }
}

void rp_histogram_add_array(rp_histogram *histogram, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        rp_histogram_add(histogram, x[i]);
}

int rp_histogram_combine(void *left, const void *right, void *user)
{
    rp_histogram *histogram = left;
    const rp_histogram *other = right;
    const int64_t *others = (const int64_t *)(other + 1);
    int64_t *counts = rp_histogram_counts(histogram);
    (void)user;
    if (histogram->bins != other->bins || histogram->low != other->low ||
        histogram->high != other->high)
        return 1;
    for (int64_t i = 0; i < histogram->bins; i++)
        counts[i] += others[i];
    histogram->below += other->below;
    histogram->above += other->above;
    histogram->nans += other->nans;
    return 0;
}
