/* Monte Carlo: sampling, and estimates of the integral. Sample i draws its point from stream i, on
 * whatever rank. */
#ifndef RANKPOOL_APPS_SAMPLING_H
#define RANKPOOL_APPS_SAMPLING_H

#include "genz/family.h"

#include <rankpool.h>

/* Sampling options. */
struct sampling {
    bool antithetic; /* a sample is the mean of the values at a point and at its mirror image */
    bool stratified; /* the cube is cut into cells, each with as many samples */
    uint64_t seed;
};

/* The samples of one round: items, for a reduction. */
struct round {
    const struct genz *genz;
    const struct sampling *sampling;
    int64_t items;  /* samples, or cells if stratified */
    int64_t first;  /* the stream of the first one */
    int64_t within; /* samples in an item */
    int cut;        /* axes that are cut, */
    int64_t parts;  /* each into this many parts */
};

/* The results of a round's items; zero is empty. */
struct tally {
    rp_moments items;  /* of their means */
    rp_sum variations; /* sum of the variances of these means, if they have several samples */
};

struct estimate {
    double value, variance;
    int64_t evaluations; /* of the function */
};

/* The round with at most `most` evaluations, 8 or more, on streams from `first` on. */
struct round round_plan(const struct genz *genz, const struct sampling *sampling,
                        int64_t evaluations, int64_t first);

/* The number of a round's evaluations. */
int64_t round_evaluations(const struct round *round);

/* Evaluates the samples of some items. */
void round_sample(const struct round *round, rp_range items, struct tally *tally);

/* An rp_combine_fn. */
int tally_combine(void *left, const void *right, void *user);

struct estimate round_estimate(const struct round *round, const struct tally *tally);

/* Combines two independent estimates, each weighted by its evaluations. */
struct estimate estimate_join(const struct estimate *left, const struct estimate *right);

#endif
