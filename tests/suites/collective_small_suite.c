/* Collectives of small data, which travel in the agreement: the same results as any others, after
 * one meeting of the ranks, and reductions in the order of the ranks. */
#include "suites.h"

#include "collective/collective.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_RANKS = 64,
    MOST = 16,        /* elements */
    SMALL_BYTES = 64, /* of a rank */
    UNTOUCHED = 0xEE
};

/* The same numbers on every rank, so that all draw the same cases. */
static uint64_t state;

static int random_below(int bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (uint64_t)bound);
}

static void succeeded(rp_pool *pool, rp_status status)
{
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

/* How many agreements there were since the last call, all of them without a message of MPI. */
static uint32_t meetings(rp_pool *pool, uint32_t *before)
{
    uint32_t now = pool->world.agreement.number, count = now - *before;
    *before = now;
    ck_assert_int_eq(pool->traffic.aggregates, 0);
    return count;
}

/* ---- moved data ------------------------------------------------------------------------------ */

static unsigned char value(int64_t byte)
{
    return (unsigned char)(((uint32_t)byte * 2654435761u) >> 24);
}

/* An element of `size` bytes, or on some ranks of the same bytes with a gap after each. */
struct form {
    rp_element element;
    int size, step;
};

static MPI_Datatype committed(MPI_Datatype type)
{
    MPI_Type_commit(&type);
    return type;
}

static struct form dense_form(int size)
{
    MPI_Datatype type;
    MPI_Type_contiguous(size, MPI_UNSIGNED_CHAR, &type);
    return (struct form){rp_datatype(committed(type)), size, 1};
}

static struct form gapped_form(int size)
{
    MPI_Datatype spread, type;
    MPI_Type_vector(size, 1, 2, MPI_UNSIGNED_CHAR, &spread);
    MPI_Type_create_resized(spread, 0, 2 * size, &type);
    MPI_Type_free(&spread);
    return (struct form){rp_datatype(committed(type)), size, 2};
}

static void lay_out(const struct form *form, unsigned char *memory, int first, int count)
{
    for (int i = 0; i < count * form->size; i++)
        memory[i * form->step] = value(first * form->size + i);
}

static void check_laid_out(const struct form *form, const unsigned char *memory, int first,
                           int count)
{
    static unsigned char model[4 * SMALL_BYTES * MOST_RANKS];
    size_t bytes = (size_t)(count * form->size * form->step);
    memset(model, UNTOUCHED, sizeof model);
    lay_out(form, model, first, count);
    ck_assert_msg(memcmp(memory, model, bytes + 1) == 0, "%d elements of %d bytes", count,
                  form->size);
}

static void try_broadcast(rp_pool *pool, const struct form *form, int root, int n)
{
    static unsigned char data[4 * SMALL_BYTES * MOST_RANKS];
    memset(data, UNTOUCHED, sizeof data);
    if (world_rank() == root)
        lay_out(form, data, 0, n);
    succeeded(pool, rp_broadcast(pool, root, data, n, form->element));
    check_laid_out(form, data, 0, n);
}

static void try_allgather(rp_pool *pool, const struct form *form, int n)
{
    static unsigned char mine[4 * SMALL_BYTES], all[4 * SMALL_BYTES * MOST_RANKS];
    rp_range block = rp_block(n, world_ranks(), world_rank());
    memset(all, UNTOUCHED, sizeof all);
    lay_out(form, mine, (int)block.begin, (int)(block.end - block.begin));
    succeeded(pool, rp_allgather(pool, mine, n, form->element, all));
    check_laid_out(form, all, 0, n);
}

static void try_scatter(rp_pool *pool, const struct form *form, int root, int n)
{
    static unsigned char all[4 * SMALL_BYTES * MOST_RANKS], mine[4 * SMALL_BYTES * MOST_RANKS];
    rp_range block = rp_block(n, world_ranks(), world_rank());
    memset(mine, UNTOUCHED, sizeof mine);
    lay_out(form, all, 0, n);
    succeeded(pool, rp_scatter(pool, root, all, n, form->element, mine));
    check_laid_out(form, mine, (int)block.begin, (int)(block.end - block.begin));
}

/* Rank r has r % 3 elements. */
static void try_gatherv(rp_pool *pool, const struct form *form, int root)
{
    static unsigned char mine[4 * SMALL_BYTES], all[4 * SMALL_BYTES * MOST_RANKS];
    int64_t counts[MOST_RANKS];
    int n = 0, first = 0;
    for (int rank = 0; rank < world_ranks(); rank++) {
        first = rank == world_rank() ? n : first;
        counts[rank] = rank % 3;
        n += rank % 3;
    }
    memset(all, UNTOUCHED, sizeof all);
    lay_out(form, mine, first, world_rank() % 3);
    succeeded(pool, rp_gatherv(pool, root, mine, counts, form->element, all));
    check_laid_out(form, all, 0, world_rank() == root ? n : 0);
}

/* Was there one meeting since the last call? */
static bool met_once(const rp_pool *pool, uint32_t *before)
{
    uint32_t meetings = pool->world.agreement.number - *before;
    *before = pool->world.agreement.number;
    return meetings == 1;
}

/* Data that travel in one meeting do so exactly if they have at most 64 bytes on a rank, and no
 * rank has gaps. */
static void try_moves(rp_pool *pool)
{
    int size = 1 + random_below(30), each = 1 + random_below(3), ranks = world_ranks();
    int n = 1 + random_below(each * ranks), gapped = random_below(3) > 0 ? -1 : random_below(ranks);
    struct form form = world_rank() == gapped ? gapped_form(size) : dense_form(size);
    uint32_t before = pool->world.agreement.number;
    bool small = gapped < 0 && (n + ranks - 1) / ranks * size <= SMALL_BYTES;
    try_allgather(pool, &form, n);
    ck_assert_int_eq(met_once(pool, &before), small);
    try_gatherv(pool, &form, random_below(ranks));
    small = gapped < 0 && (ranks < 3 ? ranks - 1 : 2) * size <= SMALL_BYTES && ranks > 1;
    ck_assert_int_eq(met_once(pool, &before), small);
    n = 1 + random_below(each);
    small = gapped < 0 && n * size <= SMALL_BYTES;
    try_broadcast(pool, &form, random_below(ranks), n);
    ck_assert_int_eq(met_once(pool, &before), small);
    try_scatter(pool, &form, random_below(ranks), n);
    ck_assert_int_eq(met_once(pool, &before), small);
    MPI_Type_free(&form.element.type);
}

START_TEST(moves_of_random_shapes)
{
    for (int node_size = 0; node_size <= 3; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        state = (uint64_t)node_size;
        for (int i = 0; i < 60; i++)
            try_moves(pool);
        close_pool(pool);
    }
}
END_TEST

START_TEST(one_meeting)
{
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        double mine = world_rank(), sum = -1, all[MOST_RANKS], many[9] = {0}, sums[9];
        uint32_t before = pool->world.agreement.number;
        int ranks = world_ranks();
        succeeded(pool, rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &sum));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        ck_assert(sum == ranks * (ranks - 1) / 2);
        succeeded(pool, rp_reduce_ranks(pool, ranks - 1, many, 8, MPI_DOUBLE, MPI_SUM, sums));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_exscan_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &sum));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_broadcast(pool, ranks - 1, &mine, 1, rp_datatype(MPI_DOUBLE)));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        ck_assert(mine == ranks - 1);
        succeeded(pool, rp_allgather(pool, &mine, ranks, rp_datatype(MPI_DOUBLE), all));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_gather(pool, ranks - 1, &mine, ranks, rp_datatype(MPI_DOUBLE), all));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_scatter(pool, 0, all, 8, rp_datatype(MPI_DOUBLE), sums));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_reduce_scatter_ranks(pool, many, 8, MPI_DOUBLE, MPI_SUM, sums));
        ck_assert_uint_eq(meetings(pool, &before), 1);
        succeeded(pool, rp_allreduce_ranks(pool, many, 9, MPI_DOUBLE, MPI_SUM, sums));
        ck_assert_uint_eq(meetings(pool, &before), 2);
        close_pool(pool);
    }
}
END_TEST

/* ---- reductions ------------------------------------------------------------------------------ */

/* Numbers whose sum depends on the order of additions. */
static double uneven(int rank, int i)
{
    static const double scales[] = {1, 1e9, 1e-7, 1e16, 3e3};
    uint32_t mixed = (uint32_t)(rank * 131 + i * 31 + 7) * 2654435761u;
    return ((double)mixed / 4e9 - 0.5) * scales[(rank + i) % 5];
}

static void check_bits(const double *result, int n, MPI_Op op, int ranks)
{
    for (int i = 0; i < n; i++) {
        double model = uneven(0, i);
        for (int rank = 1; rank < ranks; rank++)
            model = op == MPI_SUM ? model + uneven(rank, i) : model * uneven(rank, i);
        ck_assert_msg(memcmp(&model, &result[i], sizeof model) == 0, "element %d of %d: %a, not %a",
                      i, n, result[i], model);
    }
}

static void try_order(rp_pool *pool, int n, MPI_Op op, int root)
{
    double mine[MOST], result[MOST], part[MOST];
    for (int i = 0; i < n; i++)
        mine[i] = uneven(world_rank(), i);
    succeeded(pool, rp_allreduce_ranks(pool, mine, n, MPI_DOUBLE, op, result));
    check_bits(result, n, op, world_ranks());
    rp_range block = rp_block(n, world_ranks(), world_rank());
    succeeded(pool, rp_reduce_scatter_ranks(pool, mine, n, MPI_DOUBLE, op, part));
    ck_assert(
        memcmp(part, result + block.begin, (size_t)(block.end - block.begin) * sizeof *part) == 0);
    memset(result, 0, sizeof result);
    succeeded(pool, rp_reduce_ranks(pool, root, mine, n, MPI_DOUBLE, op,
                                    world_rank() == root ? result : NULL));
    if (world_rank() == root)
        check_bits(result, n, op, world_ranks());
    succeeded(pool, rp_exscan_ranks(pool, mine, n, MPI_DOUBLE, op, result));
    if (world_rank() > 0)
        check_bits(result, n, op, world_rank());
    succeeded(pool, rp_scan_ranks(pool, mine, n, MPI_DOUBLE, op, mine));
    check_bits(mine, n, op, world_rank() + 1);
}

START_TEST(in_the_order_of_ranks)
{
    for (int node_size = 0; node_size <= 3; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int n = 1; n <= 8; n++) {
            try_order(pool, n, MPI_SUM, n % world_ranks());
            try_order(pool, n, MPI_PROD, (n + 1) % world_ranks());
        }
        close_pool(pool);
    }
}
END_TEST

struct pair {
    double value;
    int rank;
};

/* Pairs have a gap after each, where the result must not be written. */
START_TEST(pairs)
{
    rp_pool *pool = open_nodes(2);
    struct pair mine[3], result[3];
    int ranks = world_ranks();
    memset(mine, UNTOUCHED, sizeof mine);
    for (int i = 0; i < 3; i++) {
        mine[i].value = (world_rank() * 7 + i * 3) % 5;
        mine[i].rank = world_rank();
    }
    succeeded(pool, rp_allreduce_ranks(pool, mine, 3, MPI_DOUBLE_INT, MPI_MAXLOC, result));
    for (int i = 0; i < 3; i++) {
        struct pair model = {-1, -1};
        for (int rank = 0; rank < ranks; rank++) {
            if ((rank * 7 + i * 3) % 5 > model.value)
                model = (struct pair){(rank * 7 + i * 3) % 5, rank};
        }
        ck_assert(result[i].value == model.value && result[i].rank == model.rank);
    }
    close_pool(pool);
}
END_TEST

/* Matrices of 2 by 2, modulo 2^32: their product is not commutative. */
struct matrix {
    uint32_t entries[4];
};

static struct matrix product(struct matrix a, struct matrix b)
{
    struct matrix c;
    for (int i = 0; i < 4; i++)
        c.entries[i] = a.entries[i / 2 * 2] * b.entries[i % 2] +
                       a.entries[i / 2 * 2 + 1] * b.entries[2 + i % 2];
    return c;
}

static struct matrix matrix_of(int rank, int i)
{
    return (struct matrix){{(uint32_t)rank + 2, (uint32_t)i, 1, (uint32_t)(3 * rank + i)}};
}

/* With gaps on some ranks: so the distance of matrices follows from the type. */
static void multiply(void *first, void *second_and_result, int *count, MPI_Datatype *type)
{
    MPI_Aint low, extent;
    MPI_Type_get_extent(*type, &low, &extent);
    for (int i = 0; i < *count; i++) {
        struct matrix *left = (struct matrix *)((char *)first + i * extent);
        struct matrix *right = (struct matrix *)((char *)second_and_result + i * extent);
        *right = product(*left, *right);
    }
}

static void check_matrices(const struct matrix *result, int step, int n, int ranks)
{
    for (int i = 0; i < n; i++) {
        struct matrix model = matrix_of(0, i);
        for (int rank = 1; rank < ranks; rank++)
            model = product(model, matrix_of(rank, i));
        ck_assert(memcmp(&model, &result[i * step], sizeof model) == 0);
    }
}

static void try_matrices(rp_pool *pool, MPI_Op op, bool gapped)
{
    enum {
        N = 4
    };
    struct matrix mine[2 * N], result[2 * N];
    MPI_Datatype four, type;
    int step = gapped ? 2 : 1;
    MPI_Type_contiguous(4, MPI_UINT32_T, &four);
    MPI_Type_create_resized(four, 0, step * (int)sizeof(struct matrix), &type);
    MPI_Type_commit(&type);
    for (int i = 0; i < N; i++)
        mine[i * step] = matrix_of(world_rank(), i);
    MPI_Datatype used = gapped ? type : committed(four);
    succeeded(pool, rp_allreduce_ranks(pool, mine, N, used, op, result));
    check_matrices(result, step, N, world_ranks());
    succeeded(pool, rp_exscan_ranks(pool, mine, N, used, op, result));
    if (world_rank() > 0)
        check_matrices(result, step, N, world_rank());
    MPI_Type_free(&type);
    MPI_Type_free(&four);
}

START_TEST(an_operation_of_the_program)
{
    MPI_Op op;
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        MPI_Op_create(multiply, false, &op);
        try_matrices(pool, op, false);
        try_matrices(pool, op, world_rank() == world_ranks() - 1);
        MPI_Op_free(&op);
        close_pool(pool);
    }
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

START_TEST(ranks_that_differ)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        int last = world_ranks() - 1, n = world_rank() == last ? 2 : 1;
        double mine[2] = {1, 1}, result[2] = {-1, -1};
        rp_status status = rp_allreduce_ranks(pool, mine, n, MPI_DOUBLE, MPI_SUM, result);
        ck_assert_int_eq(status, last > 0 ? RP_ERR_MISMATCH : RP_OK);
        if (last > 0) {
            check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
            ck_assert(result[0] == -1);
        }
        double *given = world_rank() == last ? NULL : result;
        ck_assert_int_eq(rp_allreduce_ranks(pool, mine, 1, MPI_DOUBLE, MPI_SUM, given),
                         RP_ERR_ARGUMENT);
        check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
        succeeded(pool, rp_allreduce_ranks(pool, mine, 1, MPI_DOUBLE, MPI_SUM, result));
        ck_assert(result[0] == world_ranks());
        close_pool(pool);
    }
}
END_TEST

/* MPI's operations are for its own types; only one rank would hear that from MPI. */
START_TEST(a_type_of_the_program_for_an_operation_of_mpi)
{
    rp_pool *pool = open_pool();
    double mine = 1, result;
    MPI_Datatype one;
    MPI_Type_contiguous(1, MPI_DOUBLE, &one);
    MPI_Type_commit(&one);
    bool odd = world_rank() == world_ranks() - 1;
    rp_status status = rp_allreduce_ranks(pool, &mine, 1, odd ? one : MPI_DOUBLE, MPI_SUM, &result);
    check_same_error(rp_last_error(pool), world_ranks() > 1 ? RP_ERR_MISMATCH : RP_ERR_MPI);
    ck_assert_int_eq(status, rp_last_error(pool)->status);
    MPI_Type_free(&one);
    close_pool(pool);
}
END_TEST

START_TEST(other_calls)
{
    rp_pool *pool = open_nodes(1);
    double mine = 1, result;
    if (world_rank() == world_ranks() - 1)
        rp_broadcast(pool, 0, &mine, 1, rp_datatype(MPI_DOUBLE));
    else
        rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &result);
    if (world_ranks() == 1) {
        close_pool(pool);
        return;
    }
    check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    ck_assert_int_eq(rp_barrier(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_close(&pool), RP_ERR_STATE);
}
END_TEST

static const struct test_case cases[] = {
    {"small data: moves of random shapes", &moves_of_random_shapes},
    {"small data: one meeting", &one_meeting},
    {"small data: reductions in the order of ranks", &in_the_order_of_ranks},
    {"small data: pairs", &pairs},
    {"small data: an operation of the program", &an_operation_of_the_program},
    {"small data: ranks that differ", &ranks_that_differ},
    {"small data: a type of the program for an operation of MPI",
     &a_type_of_the_program_for_an_operation_of_mpi},
    {"small data: other calls", &other_calls},
    {NULL, NULL},
};
const struct test_group collective_small_tests = {"collective_small", cases};
