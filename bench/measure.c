#include "measure.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static double seconds_each = 10; /* for each part */

bool speaks(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
}

void give_up(const rp_pool *pool, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, rp_last_error(pool)->text);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

void measure_arguments(int argc, char **argv, int parts)
{
    const char *given = argc > 1 ? argv[1] : getenv("RANKPOOL_BENCH_SECONDS");
    char *end = NULL;
    double seconds = given != NULL ? strtod(given, &end) : 10;
    if (argc > 2 || (given != NULL && (end == given || *end != '\0')) || !(seconds >= 0) ||
        seconds > 1e6) {
        if (rp_launched_rank() <= 0)
            fprintf(stderr, "usage: %s [SECONDS], for how long to measure; 0: one round\n",
                    argv[0]);
        exit(2);
    }
    seconds_each = seconds / parts;
}

struct rounds rounds_of(struct row *rows, int count)
{
    return (struct rounds){.rows = rows, .count = count, .limit = seconds_each};
}

bool rounds_next(struct rounds *rounds)
{
    int more = 0;
    if (speaks()) {
        more = rounds_decide(rounds, rpi_clock_seconds(), stolen_seconds());
        if (!more)
            rounds_print(rounds);
    }
    MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    return more;
}

double measure(void (*run)(void *), void *argument)
{
    double begin, end, first, last;
    MPI_Barrier(MPI_COMM_WORLD);
    begin = rpi_clock_seconds();
    run(argument);
    end = rpi_clock_seconds();
    MPI_Allreduce(&begin, &first, 1, MPI_DOUBLE, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&end, &last, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return last - first;
}

void print_figure(const char *name, double figure, const char *unit, double goal)
{
    struct times times = {.rounds = 0};
    struct row row = row_of(name, &times, goal, unit, 1);
    times_add(&times, figure);
    if (speaks())
        rounds_print(&(struct rounds){.rows = &row, .count = 1});
}
