/* primes: counts, finds and prints primes and prime tuplets, on all ranks of a pool. */
#include "common/program.h"
#include "sieve/counting.h"
#include "sieve/nth.h"
#include "sieve/printing.h"
#include "sieve/saving.h"
#include "sieve/settings.h"

#include <inttypes.h>
#include <mpi.h>
#include <rankpool.h>
#include <stdio.h>

static const char help[] =
    "Usage: primes [OPTION]... [[START] STOP]\n"
    "Prints how many primes p there are with START <= p <= STOP, or does something else\n"
    "with these primes, with the options of the program primesieve.\n"
    "\n"
    "START is 0 and STOP is 1e10 unless given; then primes also shows what it did.\n"
    "Both are whole numbers below 2^64, written as 1e10, 10^9, 2^32, 1e9+7 or 2^64-1:\n"
    "+ - * / % ^ and parentheses compute, / drops the remainder.\n"
    "\n"
    "  -c, --count[=K...]   count primes (K is 1, or left out), twin primes (2), triplets\n"
    "                       (3) ... sextuplets (6); several at once: -c126. Counts come\n"
    "                       with their names\n"
    "  -d, --dist=DIST      STOP is START + DIST\n"
    "  -n, --nth-prime      'primes N -n' finds the Nth prime, 'primes N START -n' the Nth\n"
    "                       prime greater than START\n"
    "  -p, --print[=K]      print the primes, or twin primes (2) ... sextuplets (6)\n"
    "  -o, --output=FILE    print into FILE, written by all ranks at once: numbers for\n"
    "                       NumPy if its name ends with .npy, plain uint64 if with .bin,\n"
    "                       otherwise text; not with --checkpoint\n"
    "  -q, --quiet          a single count without its name\n"
    "  -s, --size=KIB       size of the sieve, 16 to 8192 KiB (--kernel primesieve)\n"
    "  --no-status          no effect: accepted since primesieve has it\n"
    "  --time               show on stderr what was done, by whom, how long it took from\n"
    "                       the pool's opening to the result, and how evenly ranks worked\n"
    "  --kernel NAME        sieve with NAME: primesieve (libprimesieve, the default where\n"
    "                       primes was built with it) or builtin (our own, slower)\n";

static const char notes[] =
    "Examples:\n"
    "  primes 1e10                     on every core of this machine\n"
    "  primes 1e15 -d 1e10 -c12        primes and twin primes of a window far out\n"
    "  primes 1e9 -n                   the prime number 1000000000\n"
    "  primes 1e10 -o primes.npy       for NumPy\n"
    "  primes --time --ranks 4 1e11    on four cores, with the time it took\n"
    "  mpirun -np 16 primes            on 16 ranks, wherever mpirun starts them\n"
    "  srun primes 1e13                on the nodes of a Slurm job\n"
    "\n"
    "Exit status: 0 done, 1 the work or its output failed, 2 bad arguments,\n"
    "75 interrupted: with --checkpoint, --resume goes on.\n";

static const struct command command = {
    .name = "primes",
    .help = help,
    .notes = notes,
    .operands_wanted = "at most two numbers, START and STOP",
    .most_operands = 2,
    .keeps_work = true,
    .cosmetic = settings_cosmetic,
    .options = settings_options,
    .take_option = settings_take_option,
    .take_operands = settings_take_operands,
};

static void show_run(const rp_pool *pool, const struct settings *settings, double seconds)
{
    char title[KERNEL_TITLE_SIZE];
    settings->kernel->describe(title);
    if (settings->interval.first > 0)
        program_show_run(pool, seconds, "primes from %" PRIu64 " up to %" PRIu64 " with %s on ",
                         settings->interval.first, settings->interval.last, title);
    else
        program_show_run(pool, seconds, "primes up to %" PRIu64 " with %s on ",
                         settings->interval.last, title);
}

static void show_evenness(const struct counts *counts)
{
    double evenness = counts->busy_most > 0 ? counts->busy_mean / counts->busy_most : 1;
    fprintf(stderr, "ranks sieved %.3f s on average, %.3f s at most: %.1f %% even\n",
            counts->busy_mean, counts->busy_most, 100 * evenness);
}

/* As primesieve: counts are labelled, unless there is only one and --quiet is given. The bare count
 * of a command line without options is our own. */
static void show_counts(const struct settings *settings, const struct counts *counts)
{
    bool one = (settings->counted & (settings->counted - 1)) == 0;
    bool named = settings->count_asked && !(one && settings->quiet);
    for (int size = 1; size <= MOST_TUPLET; size++) {
        if (!(settings->counted >> size & 1))
            continue;
        if (named)
            printf("%s: ", tuplets_name(size));
        printf("%" PRIu64 "\n", counts->tuplets[size]);
    }
}

static rp_status tell(rp_pool *pool, const rp_error *error)
{
    if (error->status != RP_OK && program_speaks(pool))
        fprintf(stderr, "primes: %s\n", error->text);
    return error->status;
}

static rp_status find(rp_pool *pool, struct settings *settings, struct counts *counts)
{
    uint64_t prime;
    rp_status status =
        find_nth(pool, settings->kernel, settings->n, settings->interval.first, &prime, counts);
    if (status != RP_OK)
        return tell(pool, rp_last_error(pool));
    settings->interval.last = prime;
    if (prime > 0 && program_speaks(pool))
        printf("%s%" PRIu64 "\n", settings->quiet ? "" : "Nth prime: ", prime);
    else if (program_speaks(pool))
        fprintf(stderr, "primes: there are fewer primes below 2^64\n");
    return prime > 0 ? RP_OK : RP_ERR_ARGUMENT;
}

static rp_status print(rp_pool *pool, const struct settings *settings)
{
    rp_error error;
    if (settings->output != NULL) {
        save_tuplets(pool, settings->kernel, settings->interval, settings->printed,
                     settings->output, &error);
    } else {
        program_prints(pool);
        print_tuplets(pool, settings->kernel, settings->interval, settings->printed, &error);
    }
    return tell(pool, &error);
}

static rp_status count(rp_pool *pool, const struct settings *settings, struct counts *counts)
{
    rp_status status =
        count_on_all(pool, settings->kernel, settings->interval, settings->counted, counts);
    if (status != RP_OK)
        return tell(pool, rp_last_error(pool));
    if (program_speaks(pool))
        show_counts(settings, counts);
    return RP_OK;
}

static rp_status run(rp_pool *pool, struct settings *settings)
{
    double opened = MPI_Wtime();
    struct counts counts = {.busy_mean = 0};
    rp_status status = RP_OK;
    if (settings->sieve_size > 0)
        settings->kernel->set_size(settings->sieve_size);
    if (settings->nth)
        status = find(pool, settings, &counts);
    else if (settings->printed > 0)
        status = print(pool, settings);
    if (status == RP_OK && !settings->nth && settings->counted > 0)
        status = count(pool, settings, &counts);
    double seconds = MPI_Wtime() - opened;
    if (status != RP_OK || !program_speaks(pool))
        return status;
    status = program_flush(&command);
    if (settings->show_run)
        show_run(pool, settings, seconds);
    if (settings->show_evenness && settings->counted > 0)
        show_evenness(&counts);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = settings_default;
    rp_pool *pool;
    int exit_code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, run(pool, &settings));
}
