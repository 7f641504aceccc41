/* The transposition of a matrix whose columns are distributed, as in the Parallel Research Kernels:
 * B += A^T, A += 1. The blocks go by rp_alltoall() and by MPI_Alltoall() in turn, with the same
 * code around them and the same memory, and the result is verified.
 *
 *     transpose [SECONDS]      on a number of ranks that divides 2000 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

enum {
    ORDER = 2000,
    ITERATIONS = 5, /* in a round */
    TILE = 32       /* for the caches */
};

struct matrix {
    rp_pool *pool;
    int columns;                /* of this rank */
    int iterations;             /* so far */
    double *a, *b;              /* column by column */
    double *leaving, *arriving; /* the blocks for and from each rank, columns x columns */
};

static void exchange_by_rankpool(const struct matrix *matrix)
{
    int64_t cells = (int64_t)matrix->columns * matrix->columns;
    if (rp_alltoall(matrix->pool, matrix->leaving, cells, rp_datatype(MPI_DOUBLE),
                    matrix->arriving) != RP_OK)
        give_up(matrix->pool, "rp_alltoall");
}

static void exchange_by_mpi(const struct matrix *matrix)
{
    int cells = matrix->columns * matrix->columns;
    MPI_Alltoall(matrix->leaving, cells, MPI_DOUBLE, matrix->arriving, cells, MPI_DOUBLE,
                 MPI_COMM_WORLD);
}

/* Transposes a tile of the block for `rank` into the block that is sent there. */
static void pack_tile(struct matrix *matrix, int rank, int row, int column)
{
    int n = matrix->columns;
    double *block = matrix->leaving + (size_t)rank * (size_t)n * (size_t)n;
    for (int i = row; i < n && i < row + TILE; i++)
        for (int j = column; j < n && j < column + TILE; j++)
            block[(size_t)i * (size_t)n + (size_t)j] =
                matrix->a[(size_t)j * ORDER + (size_t)(rank * n + i)];
}

static void pack(struct matrix *matrix)
{
    for (int rank = 0; rank < ORDER / matrix->columns; rank++)
        for (int row = 0; row < matrix->columns; row += TILE)
            for (int column = 0; column < matrix->columns; column += TILE)
                pack_tile(matrix, rank, row, column);
}

static void add_blocks(struct matrix *matrix)
{
    int n = matrix->columns;
    const double *from = matrix->arriving;
    for (int rank = 0; rank < ORDER / n; rank++) {
        for (int j = 0; j < n; j++) {
            double *to = matrix->b + (size_t)j * ORDER + (size_t)(rank * n);
            for (int i = 0; i < n; i++)
                to[i] += *from++;
        }
    }
    for (size_t i = 0; i < (size_t)n * ORDER; i++)
        matrix->a[i] += 1;
}

static void run(struct matrix *matrix, void (*exchange)(const struct matrix *matrix))
{
    for (int i = 0; i < ITERATIONS; i++) {
        pack(matrix);
        exchange(matrix);
        add_blocks(matrix);
    }
    matrix->iterations += ITERATIONS;
}

static void run_rankpool(void *matrix)
{
    run(matrix, exchange_by_rankpool);
}

static void run_mpi(void *matrix)
{
    run(matrix, exchange_by_mpi);
}

/* Cell (i, j) of A was ORDER * j + i. The sums are integers, and so exact. */
static void verify(const struct matrix *matrix)
{
    double steps = matrix->iterations, added = steps * (steps - 1) / 2;
    for (int j = 0; j < matrix->columns; j++) {
        int column = rp_rank(matrix->pool) * matrix->columns + j;
        for (int i = 0; i < ORDER; i++) {
            double expected = steps * ((double)ORDER * i + column) + added;
            if (matrix->b[(size_t)j * ORDER + (size_t)i] != expected)
                give_up(matrix->pool, "a cell is wrong");
        }
    }
}

static double *cells(rp_pool *pool, size_t count)
{
    double *memory = calloc(count, sizeof *memory);
    if (memory == NULL)
        give_up(pool, "no memory");
    return memory;
}

static struct matrix matrix_make(rp_pool *pool)
{
    int columns = ORDER / rp_ranks(pool);
    size_t count = (size_t)columns * ORDER;
    struct matrix matrix = {.pool = pool, .columns = columns};
    matrix.a = cells(pool, count);
    matrix.b = cells(pool, count);
    matrix.leaving = cells(pool, count);
    matrix.arriving = cells(pool, count);
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < ORDER; i++)
            matrix.a[(size_t)j * ORDER + (size_t)i] =
                (double)ORDER * (rp_rank(pool) * columns + j) + i;
    return matrix;
}

static void matrix_free(struct matrix *matrix)
{
    free(matrix->a);
    free(matrix->b);
    free(matrix->leaving);
    free(matrix->arriving);
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    struct times ours = {.rounds = 0}, theirs = {.rounds = 0};
    struct row row = row_beside("transpose: rp_alltoall, beside MPI_Alltoall", &ours, &theirs, 1);
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    if (ORDER % rp_ranks(pool) != 0)
        give_up(pool, "the number of ranks does not divide 2000");
    struct matrix matrix = matrix_make(pool);
    measure(run_mpi, &matrix);
    measure(run_rankpool, &matrix);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&theirs, measure(run_mpi, &matrix));
        times_add(&ours, measure(run_rankpool, &matrix));
    }
    verify(&matrix);
    matrix_free(&matrix);
    return rp_exit_code(rp_close(&pool));
}
