/* Node memory. */
#include "suites.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

START_TEST(memory_is_zeroed_aligned_and_shared)
{
    rp_pool *pool = open_pool();
    size_t bytes = 100000;
    void *memory;
    ck_assert_int_eq(rp_alloc(pool, bytes, &memory), RP_OK);
    ck_assert_uint_eq((uintptr_t)memory % 4096, 0);
    unsigned char *byte = memory;
    for (size_t i = 0; i < bytes; i++)
        if (byte[i] != 0)
            ck_abort_msg("byte %zu is %d", i, byte[i]);
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    byte[rp_node_rank(pool)] = (unsigned char)(rp_node_rank(pool) + 1);
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    for (int rank = 0; rank < rp_node_ranks(pool); rank++)
        ck_assert_uint_eq(byte[rank], (unsigned char)(rank + 1));
    ck_assert_int_eq(rp_free(pool, &memory), RP_OK);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(rp_free(pool, &memory), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(many_allocations_in_any_order)
{
    rp_pool *pool = open_pool();
    void *memory[10];
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(rp_alloc(pool, (size_t)(i + 1) * 1000, &memory[i]), RP_OK);
        if (rp_node_rank(pool) == 0)
            memset(memory[i], i + 1, (size_t)(i + 1) * 1000);
    }
    ck_assert_int_eq(rp_free(pool, &memory[3]), RP_OK);
    ck_assert_int_eq(rp_free(pool, &memory[9]), RP_OK);
    ck_assert_int_eq(rp_free(pool, &memory[0]), RP_OK);
    for (int i = 0; i < 10; i++)
        ck_assert(memory[i] == NULL || ((char *)memory[i])[999] == i + 1);
    close_pool(pool); /* frees the others */
}
END_TEST

START_TEST(bad_requests_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    bool last = world_rank() == world_ranks() - 1;
    void *memory = pool;
    ck_assert_int_eq(rp_alloc(pool, last ? 0 : 8, &memory), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(rp_alloc(pool, 8, last ? NULL : &memory), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_alloc(pool, last ? 16 : 8, &memory), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "bytes = 16") != NULL);
    }
    int elsewhere;
    void *mine = &elsewhere, *good;
    ck_assert_int_eq(rp_alloc(pool, 8, &good), RP_OK);
    ck_assert_int_eq(rp_free(pool, last ? &mine : &good), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_free(pool, &good), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(too_much_is_an_error_and_not_a_crash)
{
    rp_pool *pool = open_pool();
    void *memory;
    /* Far too much; and what the address space holds, and the machine does not. */
    static const size_t sizes[] = {(size_t)1 << 60, (size_t)1 << 45};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(rp_alloc(pool, sizes[i], &memory), RP_ERR_MEMORY);
        check_same_error(rp_last_error(pool), RP_ERR_MEMORY);
        ck_assert_ptr_null(memory);
    }
    ck_assert_int_eq(rp_alloc(pool, 64, &memory), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(memory_in_another_directory)
{
    rp_pool *pool = open_pool();
    void *memory;
    setenv("RANKPOOL_MEMORY_DIR", "/var/tmp", 1);
    ck_assert_int_eq(rp_alloc(pool, 5000, &memory), RP_OK);
    memset(memory, 1, 5000);
    setenv("RANKPOOL_MEMORY_DIR", "/nowhere/at/all", 1);
    ck_assert_int_eq(rp_alloc(pool, 5000, &memory), RP_ERR_MEMORY);
    ck_assert(strstr(rp_last_error(pool)->text, "/nowhere/at/all") != NULL);
    unsetenv("RANKPOOL_MEMORY_DIR");
    close_pool(pool);
}
END_TEST

static void ignore(int signal)
{
    (void)signal;
}

/* Without an end in sight the launch would run into its time limit. */
START_TEST(signals_do_not_hold_it_up)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction before, action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    rp_pool *pool = open_pool();
    void *memory;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    rp_status status = rp_alloc(pool, (size_t)200 << 20, &memory);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    ck_assert_int_eq(status, RP_OK);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"memory is zeroed, aligned and shared", &memory_is_zeroed_aligned_and_shared},
    {"many allocations in any order", &many_allocations_in_any_order},
    {"bad requests are refused by all", &bad_requests_are_refused_by_all},
    {"too much is an error and not a crash", &too_much_is_an_error_and_not_a_crash},
    {"memory in another directory", &memory_in_another_directory},
    {"signals do not hold memory up", &signals_do_not_hold_it_up},
    {NULL, NULL},
};
const struct test_group memory_tests = {"memory", cases};
