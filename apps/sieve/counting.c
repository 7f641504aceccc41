#include "sieve/counting.h"

#include "base/environment.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Counts in a part of the interval. */
struct found {
    uint64_t tuplets[MOST_TUPLET + 1];
};

struct count {
    const struct kernel *kernel;
    unsigned sizes;
    struct cut cut;
    double busy_seconds; /* of this rank */
};

/* By how much the first parts are to be wider than the average, and the last narrower, so that
 * ranks which begin with as many parts have as much to do: a number costs more, the larger it is.
 * To first order, twice what the cost at three quarters exceeds the mean. */
static unsigned taper(struct interval interval, const struct kernel *kernel)
{
    uint64_t quarter = (interval.last - interval.first) / 4;
    double low = kernel->number_seconds(interval.first + quarter),
           high = kernel->number_seconds(interval.last - quarter);
    return (unsigned)(256 * 2 * (high - low) / (high + low));
}

/* Few enough parts that storing the counts of each costs nothing. */
static struct cut cut_in_parts(struct interval interval, const struct kernel *kernel)
{
    const uint64_t most_parts = UINT64_C(1) << 16;
    uint64_t width = kernel->part_width(interval.last);
    uint64_t length = interval.first <= interval.last ? interval.last - interval.first : 0;
    struct cut cut =
        cut_interval(interval, length / width < most_parts ? width : length / most_parts + 1);
    if (cut.units > 1)
        cut.taper = taper(interval, kernel);
    return cut;
}

/* Counts consecutive parts; the sum is stored with the first. Counts do not stay on the rank, which
 * may die. */
static int count_parts(rp_task *task, rp_range parts, const void *in, void *out)
{
    struct count *count = rp_task_user(task);
    struct found *found = out;
    struct interval part = cut_part(&count->cut, parts);
    double begin = MPI_Wtime();
    (void)in;
    memset(found, 0, (size_t)(parts.end - parts.begin) * sizeof *found);
    for (int size = 1; size <= MOST_TUPLET && part.first <= part.last; size++) {
        if ((count->sizes >> size & 1) &&
            !count->kernel->count(size, part.first, part.last, &found->tuplets[size]))
            return rp_task_fail(task, parts.begin, 1, "no memory to sieve with");
    }
    count->busy_seconds += MPI_Wtime() - begin;
    return 0;
}

/* The parts that a call should have at least: as many as the kernel has use for, if every rank can
 * have enough of such calls to balance the work. 0: as the schedule decides, as also where the user
 * has chosen one. */
static int64_t least_parts(const rp_pool *pool, const struct kernel *kernel, const struct cut *cut)
{
    const int64_t calls_per_rank = 16;
    uint64_t narrowest = cut->width - cut->width / 256 * cut->taper;
    int64_t parts = (int64_t)((kernel->call_width + narrowest - 1) / narrowest);
    bool enough = cut->units / calls_per_rank / rp_ranks(pool) >= parts;
    return enough && rpi_environment_text("RANKPOOL_SCHEDULE") == NULL ? parts : 0;
}

static rp_status count_all(rp_pool *pool, struct count *count, struct found *found)
{
    const struct kernel *kernel = count->kernel;
    uint64_t last = count->cut.whole.last;
    int sizes = __builtin_popcount(count->sizes);
    rp_map_job job = {.n = count->cut.units,
                      .range = count_parts,
                      .out = found,
                      .out_size = sizeof *found,
                      .out_place = RP_ON_RANKS};
    job.options.user = count;
    job.options.call_overhead = kernel->call_overhead(last) * sizes;
    job.options.expected_seconds = kernel->number_seconds(last) * (double)count->cut.width * sizes;
    job.options.chunk = least_parts(pool, kernel, &count->cut);
    job.options.name = "primes";
    job.options.unit = "intervals";
    return rp_map(pool, &job);
}

static void add_up(const struct found *found, int64_t parts, struct counts *counts)
{
    memset(counts->tuplets, 0, sizeof counts->tuplets);
    for (int64_t part = 0; part < parts; part++) {
        for (int size = 1; size <= MOST_TUPLET; size++)
            counts->tuplets[size] += found[part].tuplets[size];
    }
}

/* The balance of the ranks' work. Unknown if ranks have died. */
static void compare(rp_pool *pool, double busy, struct counts *counts)
{
    counts->busy_mean = counts->busy_most = 0;
    if (rp_ranks_lost(pool) == 0 &&
        rp_allreduce_ranks(pool, &busy, 1, MPI_DOUBLE, MPI_SUM, &counts->busy_mean) == RP_OK)
        rp_allreduce_ranks(pool, &busy, 1, MPI_DOUBLE, MPI_MAX, &counts->busy_most);
    counts->busy_mean /= rp_ranks(pool);
}

rp_status count_on_all(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       unsigned sizes, struct counts *counts)
{
    struct count count = {.kernel = kernel, .sizes = sizes, .cut = cut_in_parts(interval, kernel)};
    struct found *found = calloc((size_t)count.cut.units + 1, sizeof *found);
    rp_status status = found != NULL ? RP_OK : RP_ERR_MEMORY;
    if (rp_agree(pool, status, &status) == RP_OK && status == RP_OK)
        status = count_all(pool, &count, found);
    if (status == RP_OK) {
        add_up(found, count.cut.units, counts);
        compare(pool, count.busy_seconds, counts);
    }
    free(found);
    return status;
}
