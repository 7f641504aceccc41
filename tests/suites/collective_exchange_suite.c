/* rp_exchange(): random neighbours and lengths beside a model, mistakes in lists, and buffers of
 * the program. */
#include "suites.h"

#include "base/buffer.h"
#include "collective/collective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_RANKS = 64
};

static const int node_sizes[] = {0, 1, 2, 3};
enum {
    NODE_SIZES = sizeof node_sizes / sizeof node_sizes[0]
};

/* The same numbers on every rank. */
static uint64_t state;

static int random_below(int bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (uint64_t)bound);
}

/* What one rank sends to another in a round: its size and its bytes. */
static size_t message_size(int round, int from, int to)
{
    static const size_t sizes[] = {0, 1, 17, 4000, 4088, 4089, 5000, 70001};
    uint64_t mixed = (uint64_t)round * 7919 + (uint64_t)from * 104729 + (uint64_t)to * 1299709;
    mixed ^= mixed >> 11;
    return sizes[mixed % (sizeof sizes / sizeof sizes[0])];
}

static char message_byte(int round, int from, int to, size_t index)
{
    uint64_t mixed = (uint64_t)round * 31 + (uint64_t)from * 1000003 + (uint64_t)to * 7919 +
                     (uint64_t)index * 2654435761u;
    return (char)(mixed >> 9);
}

/* This rank's neighbours, and buffers for each. */
struct neighbours {
    int n;
    int ranks[MOST_RANKS];
    rp_buffer *out[MOST_RANKS], *in[MOST_RANKS];
};

static void make_buffers(struct neighbours *neighbours)
{
    for (int i = 0; i < MOST_RANKS; i++) {
        neighbours->out[i] = rp_buffer_make();
        neighbours->in[i] = rp_buffer_make();
        ck_assert(neighbours->out[i] != NULL && neighbours->in[i] != NULL);
    }
}

static void free_buffers(struct neighbours *neighbours)
{
    for (int i = 0; i < MOST_RANKS; i++) {
        rp_buffer_free(&neighbours->out[i]);
        rp_buffer_free(&neighbours->in[i]);
        ck_assert_ptr_null(neighbours->in[i]);
    }
}

/* Each pair of ranks, and each rank with itself, is connected with this chance in percent. The
 * order of a list differs from rank to rank. */
static void choose(struct neighbours *neighbours, int percent)
{
    int ranks = world_ranks();
    neighbours->n = 0;
    for (int one = 0; one < ranks; one++)
        for (int other = one; other < ranks; other++) {
            bool connected = random_below(100) < percent;
            if (connected && (one == world_rank() || other == world_rank()))
                neighbours->ranks[neighbours->n++] = one == world_rank() ? other : one;
        }
    for (int i = 0; i < neighbours->n; i++) {
        int j = (i * 7 + world_rank()) % neighbours->n, saved = neighbours->ranks[i];
        neighbours->ranks[i] = neighbours->ranks[j];
        neighbours->ranks[j] = saved;
    }
}

static void fill_out(struct neighbours *neighbours, int round)
{
    for (int i = 0; i < neighbours->n; i++) {
        size_t bytes = message_size(round, world_rank(), neighbours->ranks[i]);
        char *data = rp_buffer_resize(neighbours->out[i], bytes);
        for (size_t k = 0; k < bytes; k++)
            data[k] = message_byte(round, world_rank(), neighbours->ranks[i], k);
        rp_buffer_resize(neighbours->in[i], (size_t)i * 50); /* left over */
    }
}

static void check_in(const struct neighbours *neighbours, int round)
{
    for (int i = 0; i < neighbours->n; i++) {
        int from = neighbours->ranks[i];
        size_t bytes = message_size(round, from, world_rank());
        const char *data = rp_buffer_data(neighbours->in[i]);
        ck_assert_uint_eq(rp_buffer_size(neighbours->in[i]), bytes);
        for (size_t k = 0; k < bytes; k++)
            if (data[k] != message_byte(round, from, world_rank(), k))
                ck_abort_msg("byte %zu of %zu from rank %d, round %d", k, bytes, from, round);
    }
}

static rp_status exchange(rp_pool *pool, const struct neighbours *neighbours)
{
    return rp_exchange(pool, neighbours->n, neighbours->ranks, neighbours->out, neighbours->in);
}

static void random_rounds(rp_pool *pool, int rounds)
{
    struct neighbours neighbours;
    make_buffers(&neighbours);
    for (int round = 0; round < rounds; round++) {
        choose(&neighbours, round % 4 * 33);
        fill_out(&neighbours, round);
        rp_status status = exchange(pool, &neighbours);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        check_in(&neighbours, round);
    }
    free_buffers(&neighbours);
}

START_TEST(neighbours_get_what_was_sent)
{
    state = 3;
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        random_rounds(pool, 16);
        close_pool(pool);
    }
}
END_TEST

/* A ring, and one buffer for both neighbours. */
START_TEST(a_buffer_for_several)
{
    rp_pool *pool = open_nodes(2);
    int ranks = world_ranks(), rank = world_rank();
    int list[2] = {(rank + 1) % ranks, (rank + ranks - 1) % ranks};
    int n = ranks > 2 ? 2 : ranks > 1 ? 1 : 0;
    rp_buffer *same = rp_buffer_make(), *in[2] = {rp_buffer_make(), rp_buffer_make()};
    rp_buffer *const out[2] = {same, same};
    for (int step = 0; step < 30; step++) {
        int value = rank * 1000 + step;
        rp_buffer_resize(same, 0);
        ck_assert_int_eq(rp_buffer_append(same, &value, sizeof value), 0);
        ck_assert_int_eq(rp_exchange(pool, n, list, out, in), RP_OK);
        for (int i = 0; i < n; i++) {
            ck_assert_uint_eq(rp_buffer_size(in[i]), sizeof value);
            memcpy(&value, rp_buffer_data(in[i]), sizeof value);
            ck_assert_int_eq(value, list[i] * 1000 + step);
        }
    }
    ck_assert_int_eq(rp_exchange(pool, 0, NULL, NULL, NULL), RP_OK);
    rp_buffer_free(&same);
    rp_buffer_free(&in[0]);
    rp_buffer_free(&in[1]);
    close_pool(pool);
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

static void expect_refused(rp_pool *pool, const struct neighbours *neighbours, rp_status status,
                           const char *text)
{
    ck_assert_int_eq(exchange(pool, neighbours), status);
    check_same_error(rp_last_error(pool), status);
    ck_assert_msg(strstr(rp_last_error(pool)->text, text) != NULL, "%s", rp_last_error(pool)->text);
}

/* Removes a neighbour other than this rank itself. */
static void leave_one_out(struct neighbours *neighbours)
{
    int left_out = neighbours->ranks[0] == world_rank();
    neighbours->ranks[left_out] = neighbours->ranks[--neighbours->n];
}

/* Everybody lists everybody, but for one rank that does not list another, or lists too many. */
START_TEST(lists_that_are_not_mutual)
{
    for (int i = 0; i < NODE_SIZES && world_ranks() > 1; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        struct neighbours neighbours;
        int last = world_ranks() - 1;
        make_buffers(&neighbours);
        for (int round = 0; round < 2; round++) {
            choose(&neighbours, 100);
            fill_out(&neighbours, round);
            if (world_rank() == last)
                leave_one_out(&neighbours);
            expect_refused(pool, &neighbours, RP_ERR_MISMATCH, "which does not list it");
            neighbours.n = 0;
            if (world_rank() == 0) { /* the only one that lists others */
                neighbours.n = 1;
                neighbours.ranks[0] = last;
            }
            char text[100];
            snprintf(text, sizeof text, "rank 0 lists rank %d as a neighbour, which does not",
                     last);
            expect_refused(pool, &neighbours, RP_ERR_MISMATCH, text);
            choose(&neighbours, 100);
            fill_out(&neighbours, round);
            ck_assert_int_eq(exchange(pool, &neighbours), RP_OK);
            check_in(&neighbours, round);
        }
        free_buffers(&neighbours);
        close_pool(pool);
    }
}
END_TEST

START_TEST(bad_lists_are_refused_by_all)
{
    rp_pool *pool = open_nodes(2);
    struct neighbours neighbours = {.n = 0};
    bool last = world_rank() == world_ranks() - 1;
    make_buffers(&neighbours);
    choose(&neighbours, 100);
    neighbours.n = last ? world_ranks() + 1 : 0;
    expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "neighbours: give 0 to");
    neighbours.n = last ? -1 : 0;
    expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "-1 neighbours");
    neighbours.n = last;
    neighbours.ranks[0] = world_ranks();
    expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "ranks[0] is");
    ck_assert_int_eq(rp_exchange(pool, last, NULL, neighbours.out, neighbours.in), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    choose(&neighbours, 100);
    rp_buffer *own = neighbours.in[0];
    if (last)
        neighbours.in[0] = NULL;
    expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "in[0] is NULL");
    if (last)
        neighbours.in[0] = neighbours.out[0];
    expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "out[0] is in the list of buffers");
    neighbours.in[0] = own;
    if (world_ranks() > 1) {
        own = neighbours.in[1];
        if (last)
            neighbours.in[1] = neighbours.in[0];
        expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "in[1] is a buffer");
        neighbours.in[1] = own;
        if (last)
            neighbours.ranks[1] = neighbours.ranks[0];
        expect_refused(pool, &neighbours, RP_ERR_ARGUMENT, "listed twice");
    }
    choose(&neighbours, 100);
    fill_out(&neighbours, 1);
    ck_assert_int_eq(exchange(pool, &neighbours), RP_OK);
    check_in(&neighbours, 1);
    ck_assert_int_eq(rp_exchange(NULL, 0, NULL, NULL, NULL), RP_ERR_ARGUMENT);
    free_buffers(&neighbours);
    close_pool(pool);
}
END_TEST

START_TEST(an_exchange_beside_other_calls)
{
    rp_pool *pool = open_nodes(2);
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, 1, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_exchange(pool, 0, NULL, NULL, NULL), RP_ERR_STATE);
    while (rp_loop_next(loop, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    if (world_ranks() > 1) {
        rp_status status =
            world_rank() == 0 ? rp_barrier(pool) : rp_exchange(pool, 0, NULL, NULL, NULL);
        ck_assert_int_eq(status, RP_ERR_MISMATCH);
    }
    rp_close(&pool);
}
END_TEST

START_TEST(buffers_of_the_program)
{
    rp_buffer *buffer = rp_buffer_make(), *none = NULL;
    ck_assert_ptr_nonnull(buffer);
    ck_assert_uint_eq(rp_buffer_size(buffer), 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(rp_buffer_append(buffer, &i, sizeof i), 0);
    const int *content = rp_buffer_data(buffer);
    ck_assert_uint_eq(rp_buffer_size(buffer), 1000 * sizeof(int));
    ck_assert(content[0] == 0 && content[999] == 999);
    ck_assert_ptr_eq(rp_buffer_resize(buffer, 10), content);
    rp_buffer_free(&buffer);
    ck_assert_ptr_null(buffer);
    rp_buffer_free(&buffer);
    rp_buffer_free(&none);
    rp_buffer_free(NULL);
}
END_TEST

static const struct test_case cases[] = {
    {"neighbours get what was sent", &neighbours_get_what_was_sent},
    {"a buffer for several", &a_buffer_for_several},
    {"lists that are not mutual", &lists_that_are_not_mutual},
    {"bad lists are refused by all", &bad_lists_are_refused_by_all},
    {"an exchange beside other calls", &an_exchange_beside_other_calls},
    {"buffers of the program", &buffers_of_the_program},
    {NULL, NULL},
};
const struct test_group collective_exchange_tests = {"collective_exchange", cases};
