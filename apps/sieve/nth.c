#include "sieve/nth.h"

#include <math.h>

/* This many primes are few enough to list one by one. The ranks aim half of that before the prime:
 * a guess that falls short makes a shorter list than one that goes beyond. */
static const double near = 100000;

/* OEIS A007053 */
static const uint64_t primes_below_2_64 = UINT64_C(425656284035217743);

/* State of the search: this many primes to go after `place`; if negative, at or before it. */
struct search {
    uint64_t place;
    double wanted;
};

/* The approximate distance between primes, at least 1. */
static double distance(uint64_t place)
{
    return place > 20 ? log((double)place) : 3;
}

/* The position after which about near / 2 primes remain. For few primes it uses the density at the
 * current position; for many, that at the middle. */
static uint64_t guess(const struct search *search)
{
    double primes = search->wanted - near / 2, from = (double)search->place;
    double there = from + primes * distance(search->place);
    for (int i = 0; i < 20 && primes > 0; i++)
        there = from + primes * distance((uint64_t)fmin((from + there) / 2, 1.8e19));
    if (there >= 18446744073709551615.0)
        return UINT64_MAX;
    return there > 0 ? (uint64_t)there : 0;
}

/* Counts the primes on the way to another position, forwards or backwards, and moves there. Primes
 * at or before `start` do not count. */
static rp_status move(rp_pool *pool, const struct kernel *kernel, struct search *search,
                      uint64_t there, struct counts *sum)
{
    bool forward = there > search->place;
    struct interval way = {search->place + 1, there};
    if (!forward)
        way = (struct interval){there + 1, search->place};
    struct counts counts = {.busy_mean = 0};
    rp_status status = count_on_all(pool, kernel, way, 1u << 1, &counts);
    search->wanted -= forward ? (double)counts.tuplets[1] : -(double)counts.tuplets[1];
    search->place = there;
    sum->busy_mean += counts.busy_mean;
    sum->busy_most += counts.busy_most;
    return status;
}

/* Selects one prime of a list. */
struct picking {
    uint64_t left; /* primes still to pass, including it */
    uint64_t prime;
};

static bool pick(void *closure, const uint64_t *primes, size_t count)
{
    struct picking *picking = closure;
    if (picking->left > count) {
        picking->left -= count;
        return true;
    }
    picking->prime = primes[picking->left - 1];
    picking->left = 0;
    return false;
}

/* The last steps, prime by prime: every rank takes them, which takes no longer than on one. */
static bool list_on(const struct kernel *kernel, const struct search *search, uint64_t *prime)
{
    struct picking picking = {(uint64_t)search->wanted, 0};
    struct interval part = {search->place, search->place};
    bool good = true;
    while (good && picking.left > 0 && part.last < UINT64_MAX) {
        double width = ((double)picking.left + 100) * distance(part.last) * 1.1;
        part.first = part.last + 1;
        part.last =
            width < (double)(UINT64_MAX - part.first) ? part.first + (uint64_t)width : UINT64_MAX;
        good = kernel->list(part.first, part.last, pick, &picking);
    }
    *prime = picking.prime;
    return good;
}

rp_status find_nth(rp_pool *pool, const struct kernel *kernel, uint64_t n, uint64_t start,
                   uint64_t *prime, struct counts *counts)
{
    struct search search = {start, n > 0 ? (double)n : 1};
    rp_status status = RP_OK, worst = RP_OK;
    *counts = (struct counts){.busy_mean = 0};
    *prime = 0;
    if (n > primes_below_2_64)
        return RP_OK;
    bool near_enough = search.wanted <= near;
    while (!near_enough && status == RP_OK) {
        uint64_t there = guess(&search);
        if (there < start)
            there = start;
        status = move(pool, kernel, &search, there, counts);
        near_enough = search.wanted > 0 && (search.wanted <= near || there == UINT64_MAX);
    }
    if (status != RP_OK || search.wanted > near)
        return status;
    status = rp_agree(pool, list_on(kernel, &search, prime) ? RP_OK : RP_ERR_MEMORY, &worst);
    return status == RP_OK ? worst : status;
}
