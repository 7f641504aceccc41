#include "sieve/counting.h"

#include <mpi.h>

/* What one rank counts. */
struct share {
    const struct kernel *kernel;
    unsigned sizes;
    uint64_t tuplets[MOST_TUPLET + 1];
    double busy_seconds;
};

static bool count_part(struct share *share, struct interval part)
{
    double begin = MPI_Wtime();
    for (int size = 1; size <= MOST_TUPLET; size++) {
        uint64_t counted;
        if (!(share->sizes >> size & 1))
            continue;
        if (!share->kernel->count(size, part.first, part.last, &counted))
            return false;
        share->tuplets[size] += counted;
    }
    share->busy_seconds += MPI_Wtime() - begin;
    return true;
}

/* The loop: each rank sums up what it is handed. */
static rp_status count_share(rp_pool *pool, struct interval interval, struct share *share)
{
    struct cut cut = cut_interval(interval, share->kernel->unit_width(interval.last));
    double call_seconds =
        share->kernel->call_seconds(interval.last) * __builtin_popcount(share->sizes);
    rp_options options = {.call_seconds = call_seconds, .name = "primes", .unit = "intervals"};
    rp_loop *loop;
    rp_range units;
    rp_status status = rp_loop_open(pool, cut.units, &options, &loop);
    if (status != RP_OK)
        return status;
    while (status == RP_OK && rp_loop_next(loop, &units))
        if (!count_part(share, cut_part(&cut, units)))
            status = RP_ERR_MEMORY;
    return rp_loop_close(&loop, status);
}

static void add_shares(const rp_pool *pool, const struct share *share, struct counts *counts)
{
    MPI_Allreduce(share->tuplets, counts->tuplets, MOST_TUPLET + 1, MPI_UINT64_T, MPI_SUM,
                  MPI_COMM_WORLD);
    MPI_Allreduce(&share->busy_seconds, &counts->busy_mean, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&share->busy_seconds, &counts->busy_most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    counts->busy_mean /= rp_ranks(pool);
}

rp_status count_on_all(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       unsigned sizes, struct counts *counts)
{
    struct share share = {.kernel = kernel, .sizes = sizes};
    rp_status status = count_share(pool, interval, &share);
    if (status == RP_OK)
        add_shares(pool, &share, counts);
    return status;
}
