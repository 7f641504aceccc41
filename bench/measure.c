#include "measure.h"

#include "base/clock.h"
#include "base/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool speaks(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
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
    if (times->rounds < MOST_ROUNDS)
        times->seconds[times->rounds++] = seconds;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double median_of(const double *values, int count)
{
    double sorted[MOST_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void print_ratio(const char *name, const struct times *a, const struct times *b, bool at_most,
                 double goal)
{
    double ratios[MOST_ROUNDS], least = 0, most = 0;
    for (int i = 0; i < a->rounds; i++) {
        ratios[i] = a->seconds[i] / b->seconds[i];
        least = i == 0 || ratios[i] < least ? ratios[i] : least;
        most = i == 0 || ratios[i] > most ? ratios[i] : most;
    }
    if (!speaks())
        return;
    double median = median_of(ratios, a->rounds);
    printf("%-46s %7.3f  [%.3f ... %.3f]", name, median, least, most);
    if (goal > 0)
        printf("   goal: %s %.2f%s", at_most ? "at most" : "at least", goal,
               (at_most ? median <= goal : median >= goal) ? "" : "   MISSED");
    printf("\n");
    fflush(stdout);
}

void print_nanoseconds(const char *name, const struct times *times, double items)
{
    if (speaks())
        printf("%-46s %7.2f ns per item\n", name,
               median_of(times->seconds, times->rounds) / items * 1e9);
}
