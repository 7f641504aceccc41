#include "genz/sampling.h"

#include <math.h>

enum {
    BATCH = 256 /* means that are added to the tally at once */
};

/* The greatest number of parts whose power is not above `most`. */
static int64_t root(int64_t most, int power)
{
    int64_t parts = (int64_t)pow((double)most, 1.0 / power) + 1;
    for (;; parts--) {
        int64_t cells = 1;
        for (int i = 0; i < power && cells <= most; i++)
            cells = cells > most / parts ? most + 1 : cells * parts;
        if (cells <= most)
            return parts;
    }
}

/* Halves as many axes as leave two samples for each cell, and cuts them as finely as possible. */
static void cut_into_cells(struct round *round, int64_t samples)
{
    int64_t most = samples / 2;
    while (round->cut < round->genz->dimensions && most >> (round->cut + 1) > 0)
        round->cut++;
    round->parts = root(most, round->cut);
    round->items = 1;
    for (int i = 0; i < round->cut; i++)
        round->items *= round->parts;
    round->within = samples / round->items;
}

struct round round_plan(const struct genz *genz, const struct sampling *sampling,
                        int64_t evaluations, int64_t first)
{
    int64_t samples = sampling->antithetic ? evaluations / 2 : evaluations;
    struct round round = {.genz = genz,
                          .sampling = sampling,
                          .items = samples,
                          .first = first,
                          .within = 1,
                          .parts = 1};
    if (sampling->stratified)
        cut_into_cells(&round, samples);
    return round;
}

int64_t round_evaluations(const struct round *round)
{
    return round->items * round->within * (round->sampling->antithetic ? 2 : 1);
}

/* Maps the cube's point `u` to a cell. */
static double value_at(const struct round *round, int64_t cell, const double *u)
{
    double x[MOST_DIMENSIONS];
    for (int i = 0; i < round->genz->dimensions; i++) {
        x[i] = u[i];
        if (i < round->cut) {
            x[i] = ((double)(cell % round->parts) + u[i]) / (double)round->parts;
            cell /= round->parts;
        }
    }
    return genz_value(round->genz, x);
}

static double sample(const struct round *round, int64_t cell, rp_random *random)
{
    double u[MOST_DIMENSIONS];
    rp_random_fill(random, u, round->genz->dimensions);
    double value = value_at(round, cell, u);
    if (!round->sampling->antithetic)
        return value;
    for (int i = 0; i < round->genz->dimensions; i++)
        u[i] = 1 - u[i];
    return (value + value_at(round, cell, u)) / 2;
}

/* The mean of an item's samples. */
static double item_mean(const struct round *round, int64_t item, rp_sum *variations)
{
    rp_random random;
    rp_random_begin(&random, round->sampling->seed, round->first + item);
    if (!round->sampling->stratified)
        return sample(round, 0, &random);
    rp_moments samples = {0, 0, 0};
    for (int64_t i = 0; i < round->within; i++)
        rp_moments_add(&samples, sample(round, item, &random));
    rp_sum_add(variations, rp_moments_variance(&samples) / (double)round->within);
    return samples.mean;
}

void round_sample(const struct round *round, rp_range items, struct tally *tally)
{
    double means[BATCH];
    while (items.begin < items.end) {
        int count = 0;
        while (count < BATCH && items.begin < items.end)
            means[count++] = item_mean(round, items.begin++, &tally->variations);
        rp_moments_add_array(&tally->items, means, count);
    }
}

int tally_combine(void *left, const void *right, void *user)
{
    struct tally *tally = left;
    const struct tally *other = right;
    rp_moments_combine(&tally->items, &other->items, user);
    return rp_sum_combine(&tally->variations, &other->variations, user);
}

/* All cells are sampled, so only the variance within them contributes to the estimate's. */
struct estimate round_estimate(const struct round *round, const struct tally *tally)
{
    double items = (double)round->items;
    double variance = round->sampling->stratified
                          ? rp_sum_value(&tally->variations) / (items * items)
                          : rp_moments_variance(&tally->items) / items;
    return (struct estimate){tally->items.mean, variance, round_evaluations(round)};
}

struct estimate estimate_join(const struct estimate *left, const struct estimate *right)
{
    int64_t evaluations = left->evaluations + right->evaluations;
    double share = (double)left->evaluations / (double)evaluations, rest = 1 - share;
    return (struct estimate){share * left->value + rest * right->value,
                             share * share * left->variance + rest * rest * right->variance,
                             evaluations};
}
