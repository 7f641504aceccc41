#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 1000003
};

static double solve(double m)
{
    const double e = 0.3;
    double x = m;
    for (int i = 0; i < 20; i++)
        x -= (x - e * sin(x) - m) / (1 - e * cos(x));
    return x;
}

int main(int argc, char **argv)
{
    int rank, ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc((size_t)ranks * sizeof *counts);
    int *places = malloc((size_t)ranks * sizeof *places);
    for (int r = 0, place = 0; r < ranks; place += counts[r++]) {
        counts[r] = N / ranks + (r < N % ranks);
        places[r] = place;
    }
    double *all = rank == 0 ? malloc(N * sizeof *all) : NULL;
    double *mine = malloc((size_t)counts[rank] * sizeof *mine);
    for (int i = 0; rank == 0 && i < N; i++)
        all[i] = 6.0 * i / N;
    MPI_Scatterv(all, counts, places, MPI_DOUBLE, mine, counts[rank], MPI_DOUBLE, 0,
                 MPI_COMM_WORLD);
    for (int i = 0; i < counts[rank]; i++)
        mine[i] = solve(mine[i]);
    MPI_Gatherv(mine, counts[rank], MPI_DOUBLE, all, counts, places, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%.6f %.6f\n", all[N / 3], all[N / 2]);
    free(mine);
    free(all);
    free(places);
    free(counts);
    MPI_Finalize();
    return 0;
}
