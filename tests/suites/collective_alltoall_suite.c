/* Sends from all ranks to all: random shapes compared with a serial model, and what is refused. */
#include "element_forms.h"

#include "collective/node_aggregate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_EACH = 400,
    MOST_RANKS = 64
};

/* The same table of counts on every rank: how much each one sends to each. */
struct shape {
    bool equal; /* all counts are the same: also a shape of rp_alltoall() */
    int64_t counts[MOST_RANKS][MOST_RANKS];
};

static void shape_draw(struct shape *shape, bool equal)
{
    int ranks = world_ranks(), kind = form_random_below(5);
    const int sizes[] = {0, 1, 1 + form_random_below(8), form_random_below(50),
                         form_random_below(MOST_EACH)};
    shape->equal = equal;
    for (int from = 0; from < ranks; from++) {
        for (int to = 0; to < ranks; to++) {
            int some = form_random_below(3) == 0 ? 0 : form_random_below(1 + 2 * sizes[kind]);
            shape->counts[from][to] = equal ? sizes[kind] : some;
        }
    }
}

/* Elements are numbered in the order in which the ranks send them. */
static int64_t shape_first(const struct shape *shape, int from, int to)
{
    int64_t first = 0;
    for (int i = 0; i < from; i++)
        for (int k = 0; k < world_ranks(); k++)
            first += shape->counts[i][k];
    for (int k = 0; k < to; k++)
        first += shape->counts[from][k];
    return first;
}

static int64_t shape_received(const struct shape *shape)
{
    int64_t sum = 0;
    for (int from = 0; from < world_ranks(); from++)
        sum += shape->counts[from][world_rank()];
    return sum;
}

/* Checks what came from each rank, and that nothing lies behind it. */
static void check_received(const struct form *form, const struct shape *shape,
                           const unsigned char *all, int64_t most)
{
    int64_t count = shape_received(shape), place = 0;
    unsigned char *model = form_buffer(form, 0, most, false);
    for (int from = 0; from < world_ranks(); from++) {
        int64_t n = shape->counts[from][world_rank()];
        unsigned char *part = form_buffer(form, shape_first(shape, from, world_rank()), n, true);
        memcpy(model + place * form->extent, part, (size_t)(n * form->extent));
        free(part);
        place += n;
    }
    if (memcmp(all, model, form_bytes(form, most)) != 0)
        ck_abort_msg("%d elements are not as they should be", (int)count);
    free(model);
}

static void try_alltoallv(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    int rank = world_rank(), ranks = world_ranks();
    int64_t n = 0, count = shape_received(shape), received[MOST_RANKS];
    for (int to = 0; to < ranks; to++)
        n += shape->counts[rank][to];
    int64_t most = count + form_random_below(3);
    unsigned char *mine = form_buffer(form, shape_first(shape, rank, 0), n, true);
    unsigned char *all = form_buffer(form, 0, most, false);
    form_succeeded(pool, rp_alltoallv(pool, mine, shape->counts[rank], form->element, all, most,
                                      received));
    for (int from = 0; from < ranks; from++)
        ck_assert_int_eq(received[from], shape->counts[from][rank]);
    check_received(form, shape, all, most);
    form_check(form, mine, shape_first(shape, rank, 0), n, true);
    free(all);
    free(mine);
}

static void try_alltoall(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    int64_t each = shape->counts[0][0], n = each * world_ranks();
    unsigned char *mine = form_buffer(form, shape_first(shape, world_rank(), 0), n, true);
    unsigned char *all = form_buffer(form, 0, n, false);
    form_succeeded(pool, rp_alltoall(pool, mine, each, form->element, all));
    check_received(form, shape, all, n);
    form_check(form, mine, shape_first(shape, world_rank(), 0), n, true);
    free(all);
    free(mine);
}

/* On pretended nodes; some cases use the code for large data. */
static void try_random_shapes(int node_size, int count)
{
    static struct shape shape;
    rp_pool *pool = open_nodes(node_size);
    form_seed((uint64_t)node_size);
    for (int i = 0; i < count; i++) {
        struct form form = form_draw(false);
        pool->collectives->directly = i % 3 == 0;
        shape_draw(&shape, i % 2 == 0);
        try_alltoallv(pool, &form, &shape);
        if (shape.equal)
            try_alltoall(pool, &form, &shape);
        form_drop(&form);
    }
    close_pool(pool);
}

/* On the machine's nodes and on pretended nodes of one, two and three ranks. */
START_TEST(random_shapes)
{
    for (int node_size = 0; node_size <= 3; node_size++)
        try_random_shapes(node_size, 60);
}
END_TEST

/* More parts between two ranks than may be in flight at once, if the library was built with small
 * ones, and different numbers of them. */
START_TEST(many_bytes)
{
    static struct shape shape;
    struct form form = {.element = rp_bytes(1), .basics = 1, .basic_size = 1, .extent = 1};
    rp_pool *pool = open_pool();
    memset(&shape, 0, sizeof shape);
    for (int from = 0; from < world_ranks(); from++)
        for (int to = 0; to < world_ranks(); to++)
            shape.counts[from][to] = (from * 7 + to * 3) % 5 * 100003;
    try_alltoallv(pool, &form, &shape);
    for (int from = 0; from < world_ranks(); from++)
        for (int to = 0; to < world_ranks(); to++)
            shape.counts[from][to] = 200003;
    try_alltoall(pool, &form, &shape);
    close_pool(pool);
}
END_TEST

/* Elements end in a gap, which no rank may take for data, however long the parts are. */
START_TEST(long_parts_with_gaps)
{
    enum {
        EACH = 3000
    };
    struct pair {
        double value;
        int index;
    };
    rp_pool *pool = open_pool();
    const int ranks = world_ranks(), rank = world_rank();
    struct pair *mine = calloc((size_t)ranks * EACH, sizeof *mine);
    struct pair *all = calloc((size_t)ranks * EACH, sizeof *all);
    ck_assert(mine != NULL && all != NULL);
    for (int i = 0; i < ranks * EACH; i++)
        mine[i] = (struct pair){rank + 0.5, i};
    form_succeeded(pool, rp_alltoall(pool, mine, EACH, rp_datatype(MPI_DOUBLE_INT), all));
    for (int i = 0; i < ranks * EACH; i++) {
        ck_assert_double_eq(all[i].value, i / EACH + 0.5);
        ck_assert_int_eq(all[i].index, rank * EACH + i % EACH);
    }
    free(all);
    free(mine);
    close_pool(pool);
}
END_TEST

/* Small data cross between two nodes as one message. */
START_TEST(messages_grow_with_the_nodes)
{
    int ranks = world_ranks();
    double *mine = calloc((size_t)ranks, sizeof *mine), *all = calloc((size_t)ranks, sizeof *all);
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        struct collective any = {.pool = pool};
        bool small = rpi_aggregate_slot(&any) >= sizeof *mine; /* not if parts are small */
        int nodes = rp_nodes(pool);
        form_succeeded(pool, rp_alltoall(pool, mine, 1, rp_datatype(MPI_DOUBLE), all));
        int64_t sent = pool->traffic.aggregates, sum;
        MPI_Allreduce(&sent, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
        ck_assert(sum == (small ? nodes * (nodes - 1) : 0));
        close_pool(pool);
    }
    free(mine);
    free(all);
}
END_TEST

static rp_pool *pool;
static int32_t input[MOST_RANKS], output[MOST_RANKS];

/* The last rank passes `counts`, `most` and `received`; the others send one element to each. */
static void refused(const int64_t *counts, int64_t most, int64_t *received, const char *text)
{
    int64_t ones[MOST_RANKS], there[MOST_RANKS];
    bool last = world_rank() == world_ranks() - 1;
    for (int rank = 0; rank < MOST_RANKS; rank++)
        ones[rank] = 1;
    memset(output, 0x5A, sizeof output);
    rp_status status = rp_alltoallv(pool, input, last ? counts : ones, rp_datatype(MPI_INT32_T),
                                    output, last ? most : MOST_RANKS, last ? received : there);
    ck_assert_int_eq(status, RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
    ck_assert_msg(strstr(rp_last_error(pool)->text, text) != NULL, "%s", rp_last_error(pool)->text);
    for (int i = 0; i < MOST_RANKS; i++)
        ck_assert_int_eq(output[i], 0x5A5A5A5A);
}

START_TEST(bad_arguments)
{
    int64_t counts[MOST_RANKS] = {0}, received[MOST_RANKS];
    pool = open_pool();
    refused(NULL, MOST_RANKS, received, "counts is NULL");
    refused(counts, MOST_RANKS, NULL, "received is NULL");
    refused(counts, MOST_RANKS, counts, "overlap");
    refused(counts, -1, received, "most is negative");
    refused(counts, INT64_MAX, received, "most elements");
    counts[0] = -1;
    refused(counts, MOST_RANKS, received, "counts[0] is -1");
    counts[0] = INT64_MAX;
    refused(counts, MOST_RANKS, received, "more than memory can hold");
    for (int rank = 0; rank < world_ranks(); rank++)
        counts[rank] = INT64_MAX;
    refused(counts, MOST_RANKS, received,
            world_ranks() > 1 ? "more than can be counted" : "more than memory can hold");
    close_pool(pool);
}
END_TEST

/* The caller learns how much room it needs, and calls again. */
START_TEST(too_little_room)
{
    int64_t counts[MOST_RANKS], received[MOST_RANKS] = {0};
    int ranks = world_ranks();
    char text[64];
    for (int rank = 0; rank < MOST_RANKS; rank++)
        counts[rank] = 1;
    for (int directly = 0; directly < 2; directly++) {
        pool = open_nodes(directly);
        pool->collectives->directly = directly != 0;
        snprintf(text, sizeof text, "most is %d, but this rank receives %d ", ranks - 1, ranks);
        refused(counts, ranks - 1, received, text);
        for (int rank = 0; world_rank() == ranks - 1 && rank < ranks; rank++)
            ck_assert_int_eq(received[rank], 1);
        form_succeeded(pool, rp_alltoallv(pool, input, counts, rp_datatype(MPI_INT32_T), output,
                                          ranks, received));
        close_pool(pool);
    }
}
END_TEST

static const struct test_case cases[] = {
    {"alltoall: random shapes", &random_shapes},
    {"alltoall: many bytes", &many_bytes},
    {"alltoall: long parts with gaps", &long_parts_with_gaps},
    {"alltoall: messages grow with the nodes", &messages_grow_with_the_nodes},
    {"alltoallv refuses bad arguments", &bad_arguments},
    {"alltoallv says how much room it needs", &too_little_room},
    {NULL, NULL},
};
const struct test_group collective_alltoall_tests = {"collective_alltoall", cases};
