/* A soak test of counting on ranks: random ranges below 2^64, of primes and of tuplets, counted in
 * units by all ranks and in one piece by one; both counts must agree. Two of three ranges are
 * narrower than a unit; the third crosses borders of units.
 *
 * usage: tests/soak/ranges [RANGES [SEED [BITS]]]   numbers of at most BITS bits; up to 44 are fast
 *
 * For large numbers every call of a kernel first sieves up to the square root, some seconds near
 * 2^64; so only one in sixteen drawn numbers of more than 52 bits is kept. */
#include "sieve/counting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FAR_BITS = 52,
    BUILTIN_BITS = 36 /* our own sieve is tested too up to there */
};

/* One range, and how to count in it. */
struct round {
    struct interval range;
    int size;
    bool crosses;
    const struct kernel *kernel;
};

/* A kernel whose units are made narrow: the ranks count with it. */
static struct kernel narrow;
static uint64_t narrow_width;

static uint64_t give_narrow_width(uint64_t last)
{
    (void)last;
    return narrow_width;
}

static int draw_bits(rp_random *random, int most)
{
    int bits = 0;
    while (bits == 0 || (bits > FAR_BITS && rp_random_below(random, 16) != 0))
        bits = 1 + (int)rp_random_below(random, (uint64_t)most);
    return bits;
}

/* The same on every rank. */
static struct round draw(uint64_t seed, int64_t number, int most_bits)
{
    rp_random random;
    rp_random_begin(&random, seed, number);
    int bits = draw_bits(&random, most_bits);
    uint64_t first = rp_random_bits(&random) >> (64 - bits);
    uint64_t width = rp_random_below(&random, UINT64_C(1) << rp_random_below(&random, 23));
    struct round round = {.crosses = number % 3 == 0, .kernel = kernel_number(0)};
    if (round.crosses)
        width += 300;
    round.range = (struct interval){first, first < UINT64_MAX - width ? first + width : UINT64_MAX};
    round.size = 1 + (int)rp_random_below(&random, MOST_TUPLET);
    if (bits <= BUILTIN_BITS && rp_random_below(&random, 2) == 0)
        round.kernel = &kernel_builtin;
    narrow = *round.kernel;
    narrow_width = round.crosses ? width / (2 + rp_random_below(&random, 4)) + 1 : width + 60;
    narrow.part_width = give_narrow_width;
    return round;
}

/* Dynamic chunks of one unit: the ranks' parts have the maximum number of borders. */
static bool same_count(rp_pool *pool, const struct round *round)
{
    struct counts counts;
    uint64_t whole = 0;
    bool same = true;
    rp_status status = count_on_all(pool, &narrow, round->range, 1u << round->size, &counts);
    if (status != RP_OK) {
        fprintf(stderr, "rank %d: %s\n", rp_rank(pool), rp_last_error(pool)->text);
        return false;
    }
    if (rp_rank(pool) == rp_root(pool))
        same =
            kernel_number(0)->count(round->size, round->range.first, round->range.last, &whole) &&
            whole == counts.tuplets[round->size];
    if (!same)
        fprintf(stderr,
                "FAILED: tuplets of %d from %" PRIu64 " to %" PRIu64 " by %s in units of %" PRIu64
                ": %" PRIu64 " in units, %" PRIu64 " in one piece\n",
                round->size, round->range.first, round->range.last, round->kernel->name,
                narrow_width, counts.tuplets[round->size], whole);
    return same;
}

static rp_status soak(rp_pool *pool, int64_t ranges, uint64_t seed, int most_bits)
{
    rp_status status = RP_OK, worst = RP_OK;
    int64_t number = 0, crossing = 0;
    for (; number < ranges && status == RP_OK && worst == RP_OK; number++) {
        struct round round = draw(seed, number, most_bits);
        crossing += round.crosses;
        status = rp_agree(pool, same_count(pool, &round) ? RP_OK : RP_ERR_TASK, &worst);
    }
    if (status == RP_OK && worst == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%" PRId64 " ranges, %" PRId64 " of them over borders of units, from seed %" PRIu64
               " on %d ranks: all as it should be\n",
               number, crossing, seed, rp_ranks(pool));
    return status == RP_OK ? worst : status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    int64_t ranges = argc > 1 ? atoll(argv[1]) : 600;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int most_bits = argc > 3 ? atoi(argv[3]) : 44;
    if (ranges < 1 || most_bits < 1 || most_bits > 64) {
        fprintf(stderr, "usage: tests/soak/ranges [RANGES [SEED [BITS]]], with 1 to 64 bits\n");
        return 2;
    }
    setenv("RANKPOOL_SCHEDULE", "dynamic", 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return 1;
    rp_status status = soak(pool, ranges, seed, most_bits);
    rp_close(&pool);
    return rp_exit_code(status);
}
