/* primes: counts the primes of an interval, on all ranks of a pool. */
#include "common/program.h"
#include "sieve/kernel.h"

#include <inttypes.h>
#include <mpi.h>
#include <rankpool.h>
#include <stdio.h>

static const char help[] =
    "Usage: primes [OPTION]... [[START] STOP]\n"
    "Prints how many primes p there are with START <= p <= STOP.\n"
    "\n"
    "START is 0 and STOP is 1e10 unless given; then primes also shows what it did.\n"
    "Both are whole numbers below 2^64, written as 1e10, 10^9, 2^32, 1e9+7 or 2^64-1:\n"
    "+ - * / % ^ and parentheses compute, / drops the remainder.\n"
    "\n"
    "  --time         show on stderr what was counted, by whom, how long it took from\n"
    "                 the pool's opening to the result, and how evenly ranks worked\n"
    "  --kernel NAME  sieve with NAME: primesieve (libprimesieve, the default where\n"
    "                 primes was built with it) or builtin (our own, slower)\n"
    "  --ranks N      start N ranks, not one per core; under mpirun or srun, which\n"
    "                 start the ranks themselves, without meaning\n"
    "  --walltime S   stop in good order after S seconds, with status 75\n"
    "  --help         print this and exit\n"
    "  --version      print the version and exit\n"
    "\n"
    "Examples:\n"
    "  primes 1e10                     on every core of this machine\n"
    "  primes 1e15 1e15+1e10           the primes of a window far out\n"
    "  primes --time --ranks 4 1e11    on four cores, with the time it took\n"
    "  mpirun -np 16 primes            on 16 ranks, wherever mpirun starts them\n"
    "  srun primes 1e13                on the nodes of a Slurm job\n"
    "\n"
    "Exit status: 0 done, 1 the count or its output failed, 2 bad arguments,\n"
    "75 interrupted.\n";

/* What the command line says. */
struct settings {
    uint64_t first, last;
    const struct kernel *kernel;
    bool show_run;
    bool show_evenness;
};

/* What one rank has counted. */
struct share {
    uint64_t primes;
    double busy_seconds;
};

/* What all have. */
struct total {
    uint64_t primes;
    double seconds; /* from the pool's opening on */
    double busy_mean;
    double busy_most;
};

enum {
    OPTION_TIME = 1,
    OPTION_KERNEL
};

static const struct option options[] = {
    {"time", no_argument, NULL, OPTION_TIME},
    {"kernel", required_argument, NULL, OPTION_KERNEL},
    {NULL, 0, NULL, 0},
};

static bool take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    if (option == OPTION_TIME) {
        settings->show_run = settings->show_evenness = true;
        return true;
    }
    settings->kernel = kernel_find(argument);
    if (settings->kernel != NULL)
        return true;
    if (kernel_number(1) == NULL)
        return command_line_complain(line, "there is no kernel '%.60s' here: give %s", argument,
                                     kernel_number(0)->name);
    return command_line_complain(line, "there is no kernel '%.60s': give %s or %s", argument,
                                 kernel_number(0)->name, kernel_number(1)->name);
}

static bool take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    if (line->operands == 0)
        settings->show_run = true;
    if (line->operands == 2 && !command_line_number(line, line->operand[0], &settings->first))
        return false;
    return line->operands == 0 ||
           command_line_number(line, line->operand[line->operands - 1], &settings->last);
}

static const struct command command = {
    .name = "primes",
    .help = help,
    .operands_wanted = "at most two numbers, START and STOP",
    .most_operands = 2,
    .options = options,
    .take_option = take_option,
    .take_operands = take_operands,
};

/* The interval in units of equal width, but for the last. */
struct cut {
    uint64_t width;
    int64_t units;
};

static struct cut cut_interval(const struct settings *settings)
{
    struct cut cut = {.width = settings->kernel->unit_width(settings->last)};
    if (settings->first <= settings->last)
        cut.units = (int64_t)((settings->last - settings->first) / cut.width) + 1;
    return cut;
}

/* Counts the primes of some units. The last unit ends where the interval does: behind it might be
 * nothing that 64 bits can hold. */
static bool count_units(const struct settings *settings, const struct cut *cut, rp_range units,
                        struct share *share)
{
    uint64_t primes, first = settings->first + (uint64_t)units.begin * cut->width;
    uint64_t last = units.end == cut->units
                        ? settings->last
                        : settings->first + (uint64_t)units.end * cut->width - 1;
    double begin = MPI_Wtime();
    if (!settings->kernel->count(first, last, &primes))
        return false;
    share->busy_seconds += MPI_Wtime() - begin;
    share->primes += primes;
    return true;
}

/* The loop: each rank sums up what it is handed. */
static rp_status count_share(rp_pool *pool, const struct settings *settings, struct share *share)
{
    struct cut cut = cut_interval(settings);
    rp_options loop_options = {.call_seconds = settings->kernel->call_seconds(settings->last)};
    rp_loop *loop;
    rp_range units;
    rp_status status = rp_loop_open(pool, cut.units, &loop_options, &loop);
    if (status != RP_OK)
        return status;
    while (status == RP_OK && rp_loop_next(loop, &units))
        if (!count_units(settings, &cut, units, share))
            status = RP_ERR_MEMORY;
    return rp_loop_close(&loop, status);
}

static struct total add_shares(const rp_pool *pool, const struct share *share)
{
    struct total total;
    double busy = share->busy_seconds;
    MPI_Allreduce(&share->primes, &total.primes, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&busy, &total.busy_mean, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&busy, &total.busy_most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    total.busy_mean /= rp_ranks(pool);
    return total;
}

static void show_run(const rp_pool *pool, const struct settings *settings, double seconds)
{
    char title[KERNEL_TITLE_SIZE];
    settings->kernel->describe(title);
    fputs("primes ", stderr);
    if (settings->first > 0)
        fprintf(stderr, "from %" PRIu64 " ", settings->first);
    fprintf(stderr, "up to %" PRIu64 " with %s on %d rank%s of %d node%s: %.3f s\n", settings->last,
            title, rp_ranks(pool), rp_ranks(pool) == 1 ? "" : "s", rp_nodes(pool),
            rp_nodes(pool) == 1 ? "" : "s", seconds);
}

static void show_evenness(const struct total *total)
{
    double evenness = total->busy_most > 0 ? total->busy_mean / total->busy_most : 1;
    fprintf(stderr, "ranks sieved %.3f s on average, %.3f s at most: %.1f %% even\n",
            total->busy_mean, total->busy_most, 100 * evenness);
}

static rp_status show(const rp_pool *pool, const struct settings *settings,
                      const struct total *total)
{
    printf("%" PRIu64 "\n", total->primes);
    rp_status status = program_flush(&command);
    if (settings->show_run)
        show_run(pool, settings, total->seconds);
    if (settings->show_evenness)
        show_evenness(total);
    return status;
}

static rp_status run(rp_pool *pool, const struct settings *settings)
{
    double opened = MPI_Wtime();
    struct share share = {0, 0};
    rp_status status = count_share(pool, settings, &share);
    if (status != RP_OK) {
        if (program_speaks(pool))
            fprintf(stderr, "primes: %s\n", rp_last_error(pool)->text);
        return status;
    }
    struct total total = add_shares(pool, &share);
    total.seconds = MPI_Wtime() - opened;
    return program_speaks(pool) ? show(pool, settings, &total) : RP_OK;
}

int main(int argc, char **argv)
{
    struct settings settings = {.last = UINT64_C(10000000000), .kernel = kernel_number(0)};
    rp_pool *pool;
    int exit_code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, run(pool, &settings));
}
