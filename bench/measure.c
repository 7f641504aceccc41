#include "measure.h"

#include "base/clock.h"
#include "base/environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int rounds_wanted(int argc, char **argv, int usual)
{
    int64_t rounds = usual;
    if (argc <= 1 || (argc == 2 && rpi_parse_integer(argv[1], 1, MOST_ROUNDS, &rounds)))
        return (int)rounds;
    if (rp_launched_rank() <= 0)
        fprintf(stderr, "usage: %s [ROUNDS], a number from 1 to %d\n", argv[0], MOST_ROUNDS);
    exit(2);
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

void times_add(struct times *times, double seconds)
{
    if (times->rounds < MOST_TIMES)
        times->seconds[times->rounds++] = seconds;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double median_of(const double *values, int count)
{
    double sorted[MOST_TIMES];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* Prints a row's goal, if it has one, and whether it was missed. */
static void print_goal(const char *sense, double goal, bool saved)
{
    if (goal > 0)
        printf("   goal: at %s %.4g%s", sense, goal, saved ? "" : "   MISSED");
    printf("\n");
    fflush(stdout);
}

/* A median with its spread, by rank 0. */
static double print_replicate(const char *name, const double *values, int count, int digits)
{
    double median = median_of(values, count), least = values[0], most = values[0];
    for (int i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    printf("%-46s %7.*f  [%.*f ... %.*f]", name, digits, median, digits, least, digits, most);
    return median;
}

/* Figures may be of any size. */
static int digits_for(double value)
{
    return value < 1 ? 4 : value < 100 ? 2 : 0;
}

void print_ratio(const char *name, const struct times *a, const struct times *b, bool at_most,
                 double goal)
{
    double ratios[MOST_TIMES];
    if (!speaks())
        return;
    for (int i = 0; i < a->rounds; i++)
        ratios[i] = a->seconds[i] / b->seconds[i];
    double median = print_replicate(name, ratios, a->rounds, 3);
    print_goal(at_most ? "most" : "least", goal, at_most ? median <= goal : median >= goal);
}

void print_figures(const char *name, const struct times *figures, const char *unit, double goal)
{
    if (!speaks())
        return;
    int digits = digits_for(median_of(figures->seconds, figures->rounds));
    double median = print_replicate(name, figures->seconds, figures->rounds, digits);
    printf(" %s", unit);
    print_goal("most", goal, median <= goal);
}

void print_figure(const char *name, double figure, const char *unit, double goal)
{
    if (!speaks())
        return;
    printf("%-46s %7.*f %s", name, digits_for(figure), figure, unit);
    print_goal("most", goal, figure <= goal);
}

void print_nanoseconds(const char *name, const struct times *times, double items, double goal)
{
    struct times each = {.rounds = 0};
    for (int i = 0; i < times->rounds; i++)
        times_add(&each, times->seconds[i] / items * 1e9);
    print_figures(name, &each, "ns per item", goal);
}
