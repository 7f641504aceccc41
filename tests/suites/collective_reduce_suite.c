/* Reductions over the ranks, compared with a serial model. */
#include "suites.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 3000
};

/* Element i of a rank's array: an integer, so that sums of doubles are exact. */
static int64_t value(int rank, int64_t i)
{
    return (rank * INT64_C(7919) + i * 104729) % 1000003 - 500000;
}

enum operation {
    SUM,
    GREATEST,
    DIFFERENT_BITS,
    OPERATIONS
};
static const int operation_count = OPERATIONS;

static int64_t apply(enum operation operation, int64_t a, int64_t b)
{
    if (operation == SUM)
        return a + b;
    return operation == GREATEST ? (a > b ? a : b) : (a ^ b);
}

/* Over the ranks 0 ... ranks - 1; at least one. */
static int64_t model(enum operation operation, int ranks, int64_t i)
{
    int64_t result = value(0, i);
    for (int rank = 1; rank < ranks; rank++)
        result = apply(operation, result, value(rank, i));
    return result;
}

static int64_t *values(int64_t n)
{
    int64_t *memory = malloc(((size_t)n + 1) * sizeof *memory);
    for (int64_t i = 0; i < n; i++)
        memory[i] = value(world_rank(), i);
    return memory;
}

static void check(const int64_t *result, int64_t n, enum operation operation, int ranks)
{
    for (int64_t i = 0; i < n; i++)
        if (result[i] != model(operation, ranks, i))
            ck_abort_msg("element %" PRId64 " is %" PRId64 ", not %" PRId64, i, result[i],
                         model(operation, ranks, i));
}

static void try_in_place(rp_pool *pool, MPI_Op op, enum operation operation, int64_t n, int root)
{
    int rank = world_rank();
    int64_t *data = values(n);
    ck_assert_int_eq(rp_allreduce_ranks(pool, data, n, MPI_INT64_T, op, data), RP_OK);
    check(data, n, operation, world_ranks());
    free(data);
    data = values(n);
    ck_assert_int_eq(rp_reduce_ranks(pool, root, data, n, MPI_INT64_T, op, data), RP_OK);
    for (int64_t i = 0; rank != root && i < n; i++)
        if (data[i] != value(rank, i))
            ck_abort_msg("a rank that is not the root has another element %" PRId64, i);
    if (rank == root)
        check(data, n, operation, world_ranks());
    free(data);
    data = values(n);
    ck_assert_int_eq(rp_scan_ranks(pool, data, n, MPI_INT64_T, op, data), RP_OK);
    check(data, n, operation, rank + 1);
    free(data);
    data = values(n);
    ck_assert_int_eq(rp_exscan_ranks(pool, data, n, MPI_INT64_T, op, data), RP_OK);
    check(data, n, operation, rank > 0 ? rank : 1); /* on rank 0 its own */
    free(data);
}

static void try_reduce_scatter(rp_pool *pool, MPI_Op op, enum operation operation, int64_t n)
{
    rp_range block = rp_block(n, world_ranks(), world_rank());
    int64_t *mine = values(n), *result = malloc(((size_t)n + 1) * sizeof *result);
    memset(result, 1, ((size_t)n + 1) * sizeof *result);
    ck_assert_int_eq(rp_reduce_scatter_ranks(pool, mine, n, MPI_INT64_T, op, result), RP_OK);
    for (int64_t i = block.begin; i < block.end; i++)
        if (result[i - block.begin] != model(operation, world_ranks(), i))
            ck_abort_msg("element %" PRId64 " is %" PRId64, i, result[i - block.begin]);
    ck_assert_int_eq(result[block.end - block.begin], INT64_C(0x0101010101010101));
    free(mine);
    free(result);
}

static void try_operation(rp_pool *pool, enum operation operation, int64_t n, int root)
{
    const MPI_Op ops[] = {MPI_SUM, MPI_MAX, MPI_BXOR};
    int64_t *mine = values(n), *result = malloc(((size_t)n + 1) * sizeof *result);
    ck_assert_int_eq(rp_allreduce_ranks(pool, mine, n, MPI_INT64_T, ops[operation], result), RP_OK);
    check(result, n, operation, world_ranks());
    memset(result, 0, (size_t)n * sizeof *result);
    ck_assert_int_eq(rp_reduce_ranks(pool, root, mine, n, MPI_INT64_T, ops[operation],
                                     world_rank() == root ? result : NULL),
                     RP_OK);
    if (world_rank() == root)
        check(result, n, operation, world_ranks());
    memset(result, 1, (size_t)n * sizeof *result);
    ck_assert_int_eq(rp_exscan_ranks(pool, mine, n, MPI_INT64_T, ops[operation], result), RP_OK);
    if (world_rank() > 0)
        check(result, n, operation, world_rank());
    for (int64_t i = 0; world_rank() == 0 && i < n; i++)
        ck_assert_int_eq(result[i], INT64_C(0x0101010101010101));
    ck_assert_int_eq(rp_scan_ranks(pool, mine, n, MPI_INT64_T, ops[operation], result), RP_OK);
    check(result, n, operation, world_rank() + 1);
    try_in_place(pool, ops[operation], operation, n, root);
    try_reduce_scatter(pool, ops[operation], operation, n);
    free(mine);
    free(result);
}

START_TEST(predefined_operations)
{
    static const int64_t sizes[] = {0, 1, 2, 17, 130, 1001, MOST};
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int s = 0; s < 7; s++) {
            for (int operation = 0; operation < operation_count; operation++)
                try_operation(pool, (enum operation)operation, sizes[s],
                              (s + operation) % world_ranks());
        }
        close_pool(pool);
    }
}
END_TEST

START_TEST(doubles)
{
    rp_pool *pool = open_pool();
    static double mine[MOST], result[MOST];
    for (int i = 0; i < MOST; i++)
        mine[i] = (double)value(world_rank(), i);
    ck_assert_int_eq(rp_allreduce_ranks(pool, mine, MOST, MPI_DOUBLE, MPI_SUM, result), RP_OK);
    for (int i = 0; i < MOST; i++)
        ck_assert(result[i] == (double)model(SUM, world_ranks(), i));
    double *before = world_rank() > 0 ? result : NULL;
    ck_assert_int_eq(rp_exscan_ranks(pool, mine, MOST, MPI_DOUBLE, MPI_SUM, before), RP_OK);
    for (int i = 0; i < MOST && before != NULL; i++)
        ck_assert(before[i] == (double)model(SUM, world_rank(), i));
    close_pool(pool);
}
END_TEST

/* x -> factor * x + offset, modulo 2^32; composed in the order of the ranks. */
struct line {
    uint32_t factor, offset;
};

static struct line line_of(int rank, int i)
{
    return (struct line){(uint32_t)(2 * rank + 3 + i), (uint32_t)(rank * 31 + i * 7 + 1)};
}

static struct line composed(struct line first, struct line second)
{
    return (struct line){second.factor * first.factor,
                         second.factor * first.offset + second.offset};
}

static void compose(void *first, void *second_and_result, int *count, MPI_Datatype *type)
{
    (void)type;
    struct line *left = first, *right = second_and_result;
    for (int i = 0; i < *count; i++)
        right[i] = composed(left[i], right[i]);
}

static void check_lines(const struct line *lines, int n, int ranks)
{
    for (int i = 0; i < n; i++) {
        struct line line = line_of(0, i);
        for (int rank = 1; rank < ranks; rank++)
            line = composed(line, line_of(rank, i));
        ck_assert_uint_eq(lines[i].factor, line.factor);
        ck_assert_uint_eq(lines[i].offset, line.offset);
    }
}

/* Not commutative, with elements of a derived type. */
START_TEST(an_operation_of_the_program)
{
    enum {
        N = 500
    };
    static struct line mine[N], result[N];
    rp_pool *pool = open_pool();
    MPI_Datatype type;
    MPI_Op op;
    MPI_Type_contiguous(2, MPI_UINT32_T, &type);
    MPI_Type_commit(&type);
    MPI_Op_create(compose, false, &op);
    for (int i = 0; i < N; i++)
        mine[i] = line_of(world_rank(), i);
    ck_assert_int_eq(rp_allreduce_ranks(pool, mine, N, type, op, result), RP_OK);
    check_lines(result, N, world_ranks());
    memset(result, 0, sizeof result);
    int root = world_ranks() - 1;
    ck_assert_int_eq(rp_reduce_ranks(pool, root, mine, N, type, op, result), RP_OK);
    if (world_rank() == root)
        check_lines(result, N, world_ranks());
    ck_assert_int_eq(rp_exscan_ranks(pool, mine, N, type, op, result), RP_OK);
    if (world_rank() > 0)
        check_lines(result, N, world_rank());
    ck_assert_int_eq(rp_scan_ranks(pool, mine, N, type, op, mine), RP_OK);
    check_lines(mine, N, world_rank() + 1);
    MPI_Op_free(&op);
    MPI_Type_free(&type);
    close_pool(pool);
}
END_TEST

/* MPI has no exclusive or of doubles; every rank gets the error. */
START_TEST(what_mpi_refuses_all_ranks_hear)
{
    rp_pool *pool = open_pool();
    double mine = 1, result = 2;
    ck_assert_int_eq(rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_BXOR, &result), RP_ERR_MPI);
    check_same_error(rp_last_error(pool), RP_ERR_MPI);
    ck_assert_int_eq(rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &result), RP_OK);
    ck_assert(result == world_ranks());
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"reductions over ranks: predefined operations", &predefined_operations},
    {"reductions over ranks: doubles", &doubles},
    {"reductions over ranks: an operation of the program", &an_operation_of_the_program},
    {"reductions over ranks: what MPI refuses all ranks hear", &what_mpi_refuses_all_ranks_hear},
    {NULL, NULL},
};
const struct test_group collective_reduce_tests = {"collective_reduce", cases};
