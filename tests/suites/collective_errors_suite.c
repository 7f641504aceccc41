/* Calls that collectives refuse, on every rank alike and before any data move, whichever rank
 * passed the wrong argument. */
#include "suites.h"

#include <stdint.h>
#include <string.h>

enum {
    N = 100, /* at least one for each rank */
    MOST_RANKS = 64
};

/* Arguments for a call of any kind, valid until a test changes one on the last rank. */
struct arguments {
    rp_element element;
    MPI_Op op;
    int root;
    int64_t n;
    const void *in;
    void *out;
    int64_t counts_there[MOST_RANKS];
    const int64_t *counts;
};

/* Leaves space between the two, so that slightly too large arguments do not make them overlap,
 * wherever the compiler puts the buffers. */
static int32_t buffers[4 * N * MOST_RANKS], *const input = buffers;
static int32_t *const output = buffers + 3 * N * MOST_RANKS;
static rp_pool *pool;

/* A wrong argument may be checked only on the root: so the root is the last rank. */
static struct arguments good_arguments(void)
{
    struct arguments arguments = {.element = rp_datatype(MPI_INT32_T),
                                  .op = MPI_SUM,
                                  .root = world_ranks() - 1,
                                  .n = N,
                                  .in = input,
                                  .out = output};
    for (int rank = 0; rank < world_ranks(); rank++) {
        rp_range block = rp_block(N, world_ranks(), rank);
        arguments.counts_there[rank] = block.end - block.begin;
    }
    return arguments;
}

static rp_status call_broadcast(const struct arguments *a)
{
    return rp_broadcast(pool, a->root, a->out, a->n, a->element);
}

static rp_status call_scatter(const struct arguments *a)
{
    return rp_scatter(pool, a->root, a->in, a->n, a->element, a->out);
}

static rp_status call_gather(const struct arguments *a)
{
    return rp_gather(pool, a->root, a->in, a->n, a->element, a->out);
}

static rp_status call_allgather(const struct arguments *a)
{
    return rp_allgather(pool, a->in, a->n, a->element, a->out);
}

static rp_status call_scatterv(const struct arguments *a)
{
    return rp_scatterv(pool, a->root, a->in, a->counts, a->element, a->out);
}

static rp_status call_gatherv(const struct arguments *a)
{
    return rp_gatherv(pool, a->root, a->in, a->counts, a->element, a->out);
}

static rp_status call_reduce(const struct arguments *a)
{
    return rp_reduce_ranks(pool, a->root, a->in, a->n, a->element.type, a->op, a->out);
}

static rp_status call_allreduce(const struct arguments *a)
{
    return rp_allreduce_ranks(pool, a->in, a->n, a->element.type, a->op, a->out);
}

static rp_status call_exscan(const struct arguments *a)
{
    return rp_exscan_ranks(pool, a->in, a->n, a->element.type, a->op, a->out);
}

static rp_status call_scan(const struct arguments *a)
{
    return rp_scan_ranks(pool, a->in, a->n, a->element.type, a->op, a->out);
}

static rp_status call_reduce_scatter(const struct arguments *a)
{
    return rp_reduce_scatter_ranks(pool, a->in, a->n, a->element.type, a->op, a->out);
}

static rp_status call_alltoall(const struct arguments *a)
{
    return rp_alltoall(pool, a->in, a->n, a->element, a->out);
}

/* Its counts may differ between ranks, and so are not tested here. */
static rp_status call_alltoallv(const struct arguments *a)
{
    int64_t received[MOST_RANKS], counts[MOST_RANKS];
    memcpy(counts, a->counts_there, sizeof counts);
    return rp_alltoallv(pool, a->in, counts, a->element, a->out, N * MOST_RANKS / 4, received);
}

/* The arguments of each call. */
enum {
    ROOT = 1,
    LENGTH = 2,
    COUNTS = 4,
    ELEMENT = 8,
    OP = 16,
    IN = 32,
    OUT = 64
};

static const struct {
    rp_status (*make)(const struct arguments *arguments);
    int has;
} calls[] = {
    {call_broadcast, ROOT | LENGTH | ELEMENT | OUT},
    {call_scatter, ROOT | LENGTH | ELEMENT | IN | OUT},
    {call_gather, ROOT | LENGTH | ELEMENT | IN | OUT},
    {call_allgather, LENGTH | ELEMENT | IN | OUT},
    {call_scatterv, ROOT | COUNTS | ELEMENT | IN | OUT},
    {call_gatherv, ROOT | COUNTS | ELEMENT | IN | OUT},
    {call_reduce, ROOT | LENGTH | OP | IN | OUT},
    {call_allreduce, LENGTH | OP | IN | OUT},
    {call_exscan, LENGTH | OP | IN | OUT},
    {call_scan, LENGTH | OP | IN | OUT},
    {call_reduce_scatter, LENGTH | OP | IN | OUT},
    {call_alltoall, LENGTH | ELEMENT | IN | OUT},
    {call_alltoallv, ELEMENT | IN | OUT},
};

static bool last_rank(void)
{
    return world_rank() == world_ranks() - 1;
}

/* Every call that has this argument is refused on all ranks and writes nothing. */
static void refused(int argument, struct arguments bad, rp_status status)
{
    struct arguments good = good_arguments();
    const struct arguments *mine = last_rank() ? &bad : &good;
    good.counts = good.counts_there;
    if (bad.counts == NULL && argument != COUNTS)
        bad.counts = bad.counts_there;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        bool unread = calls[i].make == call_exscan && (argument & OUT) != 0 && world_ranks() == 1;
        if ((calls[i].has & argument) != argument || unread)
            continue;
        memset(output, 0x5A, N * sizeof *output);
        rp_status got = calls[i].make(mine);
        ck_assert_msg(got == status, "call %d: %s", (int)i, rp_last_error(pool)->text);
        check_same_error(rp_last_error(pool), status);
        ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
        for (int k = 0; k < N; k++)
            ck_assert_int_eq(output[k], 0x5A5A5A5A);
    }
}

/* After refusals all ranks use valid arguments, and every call works. */
static void all_calls_work(void)
{
    struct arguments good = good_arguments();
    good.counts = good.counts_there;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        rp_status status = calls[i].make(&good);
        ck_assert_msg(status == RP_OK, "call %d: %s", (int)i, rp_last_error(pool)->text);
    }
}

START_TEST(bad_numbers)
{
    pool = open_pool();
    struct arguments bad = good_arguments();
    bad.n = -1;
    refused(LENGTH, bad, RP_ERR_ARGUMENT);
    bad.n = INT64_MAX;
    refused(LENGTH, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    bad.root = -1;
    refused(ROOT, bad, RP_ERR_ARGUMENT);
    bad.root = world_ranks();
    refused(ROOT, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    refused(COUNTS, bad, RP_ERR_ARGUMENT); /* NULL */
    bad.counts = bad.counts_there;
    bad.counts_there[0] = -1;
    refused(COUNTS, bad, RP_ERR_ARGUMENT);
    bad.counts_there[0] = INT64_MAX;
    refused(COUNTS, bad, RP_ERR_ARGUMENT);
    all_calls_work();
    close_pool(pool);
}
END_TEST

START_TEST(bad_elements)
{
    pool = open_pool();
    struct arguments bad = good_arguments();
    bad.element = rp_bytes(0);
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    bad.element = rp_bytes(SIZE_MAX);
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    memset(&bad.element, 0, sizeof bad.element);
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    bad.element = rp_datatype(MPI_DATATYPE_NULL);
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    refused(OP, bad, RP_ERR_ARGUMENT);
    MPI_Type_contiguous(1, MPI_INT32_T, &bad.element.type); /* not committed */
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    refused(OP, bad, RP_ERR_ARGUMENT);
    MPI_Type_free(&bad.element.type);
    MPI_Type_contiguous(0, MPI_INT32_T, &bad.element.type);
    MPI_Type_commit(&bad.element.type);
    refused(ELEMENT, bad, RP_ERR_ARGUMENT);
    MPI_Type_free(&bad.element.type);
    bad = good_arguments();
    bad.op = MPI_OP_NULL;
    refused(OP, bad, RP_ERR_ARGUMENT);
    all_calls_work();
    close_pool(pool);
}
END_TEST

START_TEST(bad_buffers)
{
    pool = open_pool();
    struct arguments bad = good_arguments();
    bad.in = NULL;
    refused(IN, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    bad.out = NULL;
    refused(OUT, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    bad.in = (char *)output + 1; /* the last rank, the root, would read its own output buffer */
    refused(IN | OUT, bad, RP_ERR_ARGUMENT);
    bad.in = input;
    bad.out = (char *)input + 1;
    refused(IN | OUT, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    bad.in = MPI_IN_PLACE;
    refused(IN, bad, RP_ERR_ARGUMENT);
    bad = good_arguments();
    bad.out = MPI_IN_PLACE;
    refused(OUT, bad, RP_ERR_ARGUMENT);
    all_calls_work();
    close_pool(pool);
}
END_TEST

/* MPI reduces in place on all ranks or on none. */
START_TEST(in_place_on_some_ranks)
{
    int32_t other[N] = {0};
    pool = open_pool();
    if (world_ranks() > 1) {
        void *result = last_rank() ? other : output;
        ck_assert_int_eq(rp_allreduce_ranks(pool, output, N, MPI_INT32_T, MPI_SUM, result),
                         RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "in place") != NULL);
        ck_assert_int_eq(rp_exscan_ranks(pool, output, N, MPI_INT32_T, MPI_SUM, result),
                         RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_scan_ranks(pool, output, N, MPI_INT32_T, MPI_SUM, result),
                         RP_ERR_MISMATCH);
    }
    all_calls_work();
    close_pool(pool);
}
END_TEST

START_TEST(ranks_that_differ)
{
    pool = open_pool();
    struct arguments bad = good_arguments();
    if (world_ranks() > 1) {
        bad.n = N - 1;
        refused(LENGTH, bad, RP_ERR_MISMATCH);
        bad = good_arguments();
        bad.root = 0;
        refused(ROOT, bad, RP_ERR_MISMATCH);
        bad = good_arguments();
        bad.element = rp_bytes(3);
        refused(ELEMENT, bad, RP_ERR_MISMATCH);
        bad.element = rp_datatype(MPI_FLOAT);
        refused(ELEMENT, bad, RP_ERR_MISMATCH);
        refused(OP, bad, RP_ERR_MISMATCH);
        bad.element = rp_bytes(sizeof(int32_t));
        refused(ELEMENT, bad, RP_ERR_MISMATCH);
        bad = good_arguments();
        bad.op = MPI_MAX;
        refused(OP, bad, RP_ERR_MISMATCH);
        bad = good_arguments();
        bad.counts = bad.counts_there;
        bad.counts_there[0]++; /* with an equal sum, and with another */
        refused(COUNTS, bad, RP_ERR_MISMATCH);
        bad.counts_there[0] -= 2;
        bad.counts_there[1]++;
        refused(COUNTS, bad, bad.counts_there[0] < 0 ? RP_ERR_ARGUMENT : RP_ERR_MISMATCH);
    }
    all_calls_work();
    close_pool(pool);
}
END_TEST

START_TEST(node_memory_on_some_ranks)
{
    void *memory;
    int32_t private[N] = {0};
    pool = open_pool();
    ck_assert_int_eq(rp_node_alloc(pool, sizeof private, &memory), RP_OK);
    rp_element element = rp_datatype(MPI_INT32_T);
    if (world_ranks() > 1) {
        void *mine = last_rank() ? private : memory;
        ck_assert_int_eq(rp_broadcast(pool, 0, mine, N, element), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        mine = last_rank() ? (char *)memory + 4 : memory;
        ck_assert_int_eq(rp_broadcast(pool, 0, mine, N - 1, element), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_allgather(pool, input, N - 1, element, mine), RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_broadcast(pool, 0, memory, N + 1, element), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "rp_node_alloc") != NULL);
    close_pool(pool);
}
END_TEST

/* A loop is open, or there is no pool. */
START_TEST(not_now)
{
    rp_loop *loop;
    rp_range range;
    struct arguments good = good_arguments();
    good.counts = good.counts_there;
    pool = open_pool();
    rp_pool *opened = pool;
    ck_assert_int_eq(rp_loop_open(pool, 100, NULL, &loop), RP_OK);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        ck_assert_int_eq(calls[i].make(&good), RP_ERR_STATE);
        pool = NULL;
        ck_assert_int_eq(calls[i].make(&good), RP_ERR_ARGUMENT);
        ck_assert(strstr(rp_last_error(NULL)->text, "(): pool is NULL") != NULL);
        pool = opened;
    }
    while (rp_loop_next(loop, &range))
        ck_assert_int_lt(range.begin, range.end);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    all_calls_work();
    close_pool(pool);
}
END_TEST

/* rp_last_error(NULL) names the function and the argument. */
static void ck_assert_null_refused(rp_status status, const char *text)
{
    ck_assert_int_eq(status, RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_last_error(NULL)->status, RP_ERR_ARGUMENT);
    ck_assert_str_eq(rp_last_error(NULL)->text, text);
}

START_TEST(null_has_a_text)
{
    void *memory = NULL;
    rp_loop *loop = NULL;
    ck_assert_null_refused(rp_map(NULL, NULL), "rp_map(): pool is NULL");
    ck_assert_null_refused(rp_reduce(NULL, NULL), "rp_reduce(): pool is NULL");
    ck_assert_null_refused(rp_map_varlen(NULL, NULL, NULL), "rp_map_varlen(): pool is NULL");
    ck_assert_null_refused(rp_stream(NULL, NULL), "rp_stream(): pool is NULL");
    ck_assert_null_refused(rp_loop_open(NULL, 1, NULL, &loop), "rp_loop_open(): pool is NULL");
    ck_assert_null_refused(rp_loop_close(&loop, RP_OK), "rp_loop_close(): loop is NULL");
    ck_assert_null_refused(rp_loop_save(NULL, NULL, 0), "rp_loop_save(): loop is NULL");
    ck_assert_null_refused(rp_barrier(NULL), "rp_barrier(): pool is NULL");
    ck_assert_null_refused(rp_node_sync(NULL), "rp_node_sync(): pool is NULL");
    ck_assert_null_refused(rp_agree(NULL, RP_OK, NULL), "rp_agree(): pool is NULL");
    ck_assert_null_refused(rp_node_alloc(NULL, 1, &memory), "rp_node_alloc(): pool is NULL");
    ck_assert_null_refused(rp_node_free(NULL, &memory), "rp_node_free(): pool is NULL");
    ck_assert_null_refused(rp_grid_alloc(NULL, &memory), "rp_grid_alloc(): grid is NULL");
    ck_assert_null_refused(rp_grid_scatter(NULL, 0, NULL, NULL), "rp_grid_scatter(): grid is NULL");
    ck_assert_null_refused(rp_grid_exchange_end(NULL), "rp_grid_exchange_end(): grid is NULL");
    ck_assert_null_refused(rp_file_append(NULL, NULL, 0), "rp_file_append(): file is NULL");
    ck_assert_null_refused(rp_file_write_at(NULL, 0, NULL, 0), "rp_file_write_at(): file is NULL");
    ck_assert_null_refused(rp_results_write(NULL, ""), "rp_results_write(): results is NULL");
    ck_assert_null_refused(rp_record_start(NULL), "rp_record_start(): pool is NULL");
    ck_assert_null_refused(rp_timeline(NULL, ""), "rp_timeline(): pool is NULL");
    ck_assert_null_refused(rp_progress_set(NULL, NULL, 0, 0), "rp_progress_set(): pool is NULL");
    ck_assert_null_refused(rp_show_progress(NULL, RP_PROGRESS_OFF),
                           "rp_show_progress(): pool is NULL");
}
END_TEST

static const struct test_case cases[] = {
    {"NULL has a text", &null_has_a_text},
    {"collectives refuse bad numbers", &bad_numbers},
    {"collectives refuse bad elements", &bad_elements},
    {"collectives refuse bad buffers", &bad_buffers},
    {"reductions in place on some ranks are refused", &in_place_on_some_ranks},
    {"collectives refuse ranks that differ", &ranks_that_differ},
    {"collectives refuse node memory on some ranks", &node_memory_on_some_ranks},
    {"collectives refuse to run in a loop", &not_now},
    {NULL, NULL},
};
const struct test_group collective_errors_tests = {"collective_errors", cases};
