/* integrate: Monte Carlo integration of Genz's families, with the same digits from any ranks. */
#include "base/numeric_locale.h"
#include "common/program.h"
#include "genz/sampling.h"

#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: integrate [OPTION]...\n"
    "Integrates functions on the unit cube by Monte Carlo, and tells how far off it is.\n"
    "\n"
    "The functions are Genz's six families, whose integrals are known. A line for each:\n"
    "family, dimensions, samples, estimate, standard error, exact value, and z, which is\n"
    "the estimate's distance from the exact value in standard errors.\n"
    "\n"
    "  --family NAME        oscillatory, product-peak, corner-peak, gaussian, continuous\n"
    "                       or discontinuous, instead of all\n"
    "  --dimensions D       of the cube, 1 to 20 (5)\n"
    "  --samples N          values of the function to take at most (1e6; with --error,\n"
    "                       1e12)\n"
    "  --error E            go on, in rounds of doubled size, until the standard error is\n"
    "                       at most E\n"
    "  --antithetic         take values in pairs, at a point and at its mirror image\n"
    "  --stratified         cut the cube into cells and take as many values in each\n"
    "  --seed S             of the random numbers, and of the functions' parameters (1)\n"
    "  --time               show on stderr how long it took\n";

static const char notes[] =
    "Whole numbers may be written as 1e9, 10^9 or 2^30.\n"
    "\n"
    "Examples:\n"
    "  integrate --samples 1e8                         all families, on every core\n"
    "  integrate --family gaussian --error 1e-6        as many samples as that takes\n"
    "  mpirun -np 16 integrate --dimensions 20 --stratified\n"
    "\n"
    "Exit status: 0 done, 1 it failed, or --samples were too few for --error, 2 bad\n"
    "arguments, 75 interrupted.\n";

/* The command line. */
struct settings {
    int family; /* GENZ_FAMILIES: all of them */
    uint64_t dimensions, samples;
    double error; /* 0: one round */
    struct sampling sampling;
    bool show_time;
};

enum {
    OPTION_FAMILY = 1,
    OPTION_DIMENSIONS,
    OPTION_SAMPLES,
    OPTION_ERROR,
    OPTION_ANTITHETIC,
    OPTION_STRATIFIED,
    OPTION_SEED,
    OPTION_TIME
};

static const struct option options[] = {
    {"family", required_argument, NULL, OPTION_FAMILY},
    {"dimensions", required_argument, NULL, OPTION_DIMENSIONS},
    {"samples", required_argument, NULL, OPTION_SAMPLES},
    {"error", required_argument, NULL, OPTION_ERROR},
    {"antithetic", no_argument, NULL, OPTION_ANTITHETIC},
    {"stratified", no_argument, NULL, OPTION_STRATIFIED},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"time", no_argument, NULL, OPTION_TIME},
    {NULL, 0, NULL, 0},
};

/* ---- the command line ------------------------------------------------------------------------ */

static bool take_family(struct command_line *line, struct settings *settings, const char *name)
{
    for (int i = 0; i < GENZ_FAMILIES; i++) {
        if (strcmp(name, genz_name((enum genz_family)i)) == 0) {
            settings->family = i;
            return true;
        }
    }
    return command_line_complain(line, "there is no family '%.60s'", name);
}

static bool take_error(struct command_line *line, struct settings *settings, const char *text)
{
    return (rpi_parse_number(text, &settings->error) && settings->error > 0) ||
           command_line_complain(line, "'%.60s': give a standard error above 0, as 1e-6", text);
}

static bool take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    switch (option) {
    case OPTION_FAMILY:
        return take_family(line, settings, argument);
    case OPTION_DIMENSIONS:
        return command_line_count(line, argument, 1, MOST_DIMENSIONS, &settings->dimensions);
    case OPTION_SAMPLES:
        return command_line_count(line, argument, 8, UINT64_C(1) << 60, &settings->samples);
    case OPTION_ERROR:
        return take_error(line, settings, argument);
    case OPTION_ANTITHETIC:
        return settings->sampling.antithetic = true;
    case OPTION_STRATIFIED:
        return settings->sampling.stratified = true;
    case OPTION_SEED:
        return command_line_number(line, argument, &settings->sampling.seed);
    default:
        return settings->show_time = true;
    }
}

static bool take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    (void)line;
    if (settings->samples == 0)
        settings->samples = settings->error > 0 ? UINT64_C(1000000000000) : 1000000;
    return true;
}

static const int cosmetic[] = {OPTION_TIME, 0};

static const struct command command = {
    .name = "integrate",
    .help = help,
    .notes = notes,
    .keeps_work = true,
    .cosmetic = cosmetic,
    .operands_wanted = "options only",
    .options = options,
    .take_option = take_option,
    .take_operands = take_operands,
};

/* ---- the integral ---------------------------------------------------------------------------- */

static int sample_items(rp_task *task, rp_range items, const void *in, void *out)
{
    (void)in;
    round_sample(rp_task_user(task), items, out);
    return 0;
}

/* One round. Collective: every rank gets the same bits. */
static rp_status estimate_round(rp_pool *pool, struct round *round, struct estimate *estimate)
{
    const struct tally none = {{0, 0, 0}, {0, 0}};
    struct tally tally;
    rp_reduce_job job = {.n = round->items,
                         .body = sample_items,
                         .combine = tally_combine,
                         .identity = &none,
                         .result = &tally,
                         .result_size = sizeof tally,
                         .options = {.user = round, .name = "integrate"}};
    rp_status status = rp_reduce(pool, &job);
    if (status == RP_OK)
        *estimate = round_estimate(round, &tally);
    return status;
}

/* Each round is as large as all before it together, so the sizes follow from the arguments; all
 * ranks stop at the same round, since they compute the same error. */
static rp_status estimate_integral(rp_pool *pool, const struct settings *settings,
                                   const struct genz *genz, struct estimate *total)
{
    const int64_t first_round = 1 << 16, most = (int64_t)settings->samples;
    int64_t next = settings->error > 0 && most > first_round ? first_round : most, stream = 0;
    *total = (struct estimate){0, 0, 0};
    for (;;) {
        struct round round = round_plan(genz, &settings->sampling, next, stream);
        struct estimate estimate;
        rp_status status = estimate_round(pool, &round, &estimate);
        if (status != RP_OK)
            return status;
        *total = estimate_join(total, &estimate);
        stream += round.items;
        int64_t left = most - total->evaluations;
        if (settings->error == 0 || sqrt(total->variance) <= settings->error || left < 8)
            return RP_OK;
        next = total->evaluations < left ? total->evaluations : left;
    }
}

static void show(const struct genz *genz, const struct estimate *estimate)
{
    double exact = genz_integral(genz), error = sqrt(estimate->variance);
    printf("%-13s %10d %14" PRId64 " %22.15e %10.3e %22.15e %7.3f\n", genz_name(genz->family),
           genz->dimensions, estimate->evaluations, estimate->value, error, exact,
           error > 0 ? (estimate->value - exact) / error : 0);
}

static rp_status integrate_family(rp_pool *pool, const struct settings *settings,
                                  enum genz_family family)
{
    struct estimate estimate;
    struct genz genz = genz_member(family, (int)settings->dimensions, settings->sampling.seed);
    rp_status status = estimate_integral(pool, settings, &genz, &estimate);
    if (status != RP_OK) {
        rp_report(pool, command.name);
        return status;
    }
    if (program_speaks(pool))
        show(&genz, &estimate);
    if (settings->error == 0 || sqrt(estimate.variance) <= settings->error)
        return RP_OK;
    if (program_speaks(pool))
        fprintf(stderr, "integrate: %s: %" PRId64 " samples were too few for an error of %g\n",
                genz_name(family), estimate.evaluations, settings->error);
    return RP_ERR_TASK;
}

static rp_status run(rp_pool *pool, const struct settings *settings)
{
    double begin = MPI_Wtime();
    rp_status status = RP_OK;
    if (program_speaks(pool))
        printf("%-13s %10s %14s %22s %10s %22s %7s\n", "family", "dimensions", "samples",
               "estimate", "error", "exact", "z");
    for (int family = 0; family < GENZ_FAMILIES; family++) {
        if (settings->family != GENZ_FAMILIES && settings->family != family)
            continue;
        rp_status mine = integrate_family(pool, settings, (enum genz_family)family);
        if (mine != RP_OK && mine != RP_ERR_TASK)
            return mine;
        status = mine != RP_OK ? mine : status;
    }
    if (program_speaks(pool) && settings->show_time)
        program_show_run(pool, MPI_Wtime() - begin, "integrated on ");
    rp_status written = program_speaks(pool) ? program_flush(&command) : RP_OK;
    return status == RP_OK ? written : status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.family = GENZ_FAMILIES, .dimensions = 5, .sampling = {.seed = 1}};
    rp_pool *pool;
    int exit_code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, run(pool, &settings));
}
