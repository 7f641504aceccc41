/* Node memory. */
#include "suites.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

START_TEST(memory_is_zeroed_aligned_and_shared)
{
    rp_pool *pool = open_pool();
    size_t bytes = 100000;
    void *memory;
    ck_assert_int_eq(rp_node_alloc(pool, bytes, &memory), RP_OK);
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
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(many_allocations_in_any_order)
{
    rp_pool *pool = open_pool();
    void *memory[10];
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(rp_node_alloc(pool, (size_t)(i + 1) * 1000, &memory[i]), RP_OK);
        if (rp_node_rank(pool) == 0)
            memset(memory[i], i + 1, (size_t)(i + 1) * 1000);
    }
    ck_assert_int_eq(rp_node_free(pool, &memory[3]), RP_OK);
    ck_assert_int_eq(rp_node_free(pool, &memory[9]), RP_OK);
    ck_assert_int_eq(rp_node_free(pool, &memory[0]), RP_OK);
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
    ck_assert_int_eq(rp_node_alloc(pool, last ? 0 : 8, &memory), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(rp_node_alloc(pool, 8, last ? NULL : &memory), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_node_alloc(pool, last ? 16 : 8, &memory), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "bytes = 16") != NULL);
    }
    int elsewhere;
    void *mine = &elsewhere, *good;
    ck_assert_int_eq(rp_node_alloc(pool, 8, &good), RP_OK);
    ck_assert_int_eq(rp_node_free(pool, last ? &mine : &good), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_free(pool, &good), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(too_much_is_an_error_and_not_a_crash)
{
    rp_pool *pool = open_pool();
    void *memory;
    /* Far too large a size, and one that fits the address space but not the machine. */
    static const size_t sizes[] = {(size_t)1 << 60, (size_t)1 << 45};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(rp_node_alloc(pool, sizes[i], &memory), RP_ERR_MEMORY);
        check_same_error(rp_last_error(pool), RP_ERR_MEMORY);
        ck_assert_ptr_null(memory);
    }
    ck_assert_int_eq(rp_node_alloc(pool, 64, &memory), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(memory_in_another_directory)
{
    rp_pool *pool = open_pool();
    void *memory;
    setenv("RANKPOOL_MEMORY_DIR", "/var/tmp", 1);
    ck_assert_int_eq(rp_node_alloc(pool, 5000, &memory), RP_OK);
    memset(memory, 1, 5000);
    setenv("RANKPOOL_MEMORY_DIR", "/nowhere/at/all", 1);
    ck_assert_int_eq(rp_node_alloc(pool, 5000, &memory), RP_ERR_MEMORY);
    ck_assert_str_eq(rp_last_error(pool)->text,
                     "no place for node memory in /nowhere/at/all: No such file or directory");
    unsetenv("RANKPOOL_MEMORY_DIR");
    close_pool(pool);
}
END_TEST

static void ignore(int signal)
{
    (void)signal;
}

/* Without a bound the loop would run into the launch's time limit. */
START_TEST(signals_do_not_hold_it_up)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction before, action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    rp_pool *pool = open_pool();
    void *memory;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    rp_status status = rp_node_alloc(pool, (size_t)200 << 20, &memory);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    ck_assert_int_eq(status, RP_OK);
    close_pool(pool);
}
END_TEST

/* The same as for a full disk. */
START_TEST(a_limit_of_file_size_refuses_it)
{
    rp_pool *pool = open_pool();
    struct rlimit before, limit;
    void *memory;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){4 << 20, before.rlim_max};
    ck_assert_int_eq(rp_barrier(pool), RP_OK);
    setrlimit(RLIMIT_FSIZE, &limit);
    rp_status status = rp_node_alloc(pool, 8 << 20, &memory);
    rp_error error = *rp_last_error(pool);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(status, RP_ERR_MEMORY);
    check_same_error(&error, RP_ERR_MEMORY);
    ck_assert_msg(strstr(error.text, "File too large") != NULL, "%s", error.text);
    ck_assert_int_eq(rp_node_alloc(pool, 8 << 20, &memory), RP_OK);
    close_pool(pool);
}
END_TEST

/* A system call reads the address and gets EFAULT where the program would get SIGSEGV. */
static bool accessible(const void *address)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    bool accessible = write(ends[1], address, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return accessible;
}

START_TEST(pages_without_access_are_around_it)
{
    rp_pool *pool = open_pool();
    const size_t page = (size_t)sysconf(_SC_PAGESIZE),
                 sizes[] = {1, 3 * page - 1, 3 * page, (5 << 20) + 1};
    for (int i = 0; i < 4; i++) {
        void *memory;
        size_t pages = (sizes[i] + page - 1) / page * page;
        ck_assert_int_eq(rp_node_alloc(pool, sizes[i], &memory), RP_OK);
        char *base = memory;
        ck_assert(!accessible(base - 1) && !accessible(base - page));
        ck_assert(accessible(base) && accessible(base + sizes[i] - 1));
        ck_assert(!accessible(base + pages) && !accessible(base + pages + page - 1));
    }
    close_pool(pool);
}
END_TEST

static int never(rp_task *task, const void *in, void *out)
{
    (void)task, (void)in, (void)out;
    ck_abort_msg("an item was computed");
    return 0;
}

/* An array that ends where node memory begins would be shorter than the job says. */
START_TEST(arrays_that_reach_node_memory_are_refused)
{
    rp_pool *pool = open_pool();
    void *memory;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(rp_node_alloc(pool, page, &memory), RP_OK);
    char *before = (char *)memory - 3 * page;
    rp_map_job jobs[] = {
        {.n = (int64_t)page * 2 + 1, .item = never, .out = before, .out_size = 1},
        {.n = (int64_t)page, .item = never, .in = before, .in_size = 4, .in_place = RP_ON_ROOT},
        {.n = 1, .item = never, .out = (char *)memory + page, .out_size = 1},
        {.n = 2, .item = never, .out = (char *)pool - 1, .out_size = 1},
    };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(rp_map(pool, &jobs[i]), RP_ERR_ARGUMENT);
        check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
        ck_assert_msg(strstr(rp_last_error(pool)->text, "into memory of the pool") != NULL, "%s",
                      rp_last_error(pool)->text);
    }
    close_pool(pool);
}
END_TEST

/* ---- filled ---------------------------------------------------------------------------------- */

struct element {
    int64_t number;
    int node_rank; /* that filled it */
    char rest[12];
};

struct filler {
    int node_rank, calls, fails_at;
};

static int fill_elements(void *memory, rp_range range, void *user)
{
    struct filler *filler = user;
    struct element *elements = memory;
    filler->calls++;
    for (int64_t i = range.begin; i < range.end; i++) {
        if (elements[i].number != 0 || i == filler->fails_at)
            return 7;
        elements[i].number = i + 1;
        elements[i].node_rank = filler->node_rank;
    }
    return 0;
}

START_TEST(memory_is_filled_in_shares)
{
    static const int64_t lengths[] = {1, 2, 5, 1000, 300000};
    rp_pool *pool = open_pool();
    for (int l = 0; l < 5; l++) {
        const int64_t n = lengths[l];
        struct filler filler = {.node_rank = rp_node_rank(pool), .fails_at = -1};
        void *memory;
        rp_status status =
            rp_node_alloc_filled(pool, n, sizeof(struct element), fill_elements, &filler, &memory);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        const struct element *elements = memory;
        for (int64_t i = 0; i < n; i++)
            ck_assert(elements[i].number == i + 1 &&
                      elements[i].node_rank == rp_block_owner(n, rp_node_ranks(pool), i));
        ck_assert_int_eq(filler.calls, rp_node_rank(pool) < n);
        ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
    }
    close_pool(pool);
}
END_TEST

START_TEST(a_failure_to_fill_comes_to_every_rank)
{
    rp_pool *pool = open_pool();
    const int64_t n = 1000;
    struct filler filler = {.fails_at = 999};
    void *memory = pool;
    rp_status status =
        rp_node_alloc_filled(pool, n, sizeof(struct element), fill_elements, &filler, &memory);
    ck_assert_int_eq(status, RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 7);
    ck_assert_ptr_null(memory);
    filler.fails_at = -1;
    status = rp_node_alloc_filled(pool, n, sizeof(struct element), fill_elements, &filler, &memory);
    ck_assert_int_eq(status, RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(bad_fillings_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    bool last = world_rank() == world_ranks() - 1;
    struct filler filler = {.fails_at = -1};
    void *memory = pool;
    ck_assert_int_eq(rp_node_alloc_filled(pool, last ? 0 : 1, 24, fill_elements, &filler, &memory),
                     RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(rp_node_alloc_filled(pool, INT64_MAX, 24, fill_elements, &filler, &memory),
                     RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_alloc_filled(pool, 5, 24, last ? NULL : fill_elements, &filler,
                                          &memory),
                     RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_alloc_filled(pool, 5, 24, fill_elements, &filler,
                                          last ? NULL : &memory),
                     RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_node_alloc_filled(pool, last ? 6 : 5, 24, fill_elements, &filler,
                                              &memory),
                         RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "n = 6") != NULL);
    }
    ck_assert_int_eq(rp_node_alloc_filled(NULL, 5, 24, fill_elements, &filler, &memory),
                     RP_ERR_ARGUMENT);
    ck_assert_int_eq(filler.calls, 0);
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
    {"a limit of file size refuses memory", &a_limit_of_file_size_refuses_it},
    {"pages without access are around memory", &pages_without_access_are_around_it},
    {"arrays that reach node memory are refused", &arrays_that_reach_node_memory_are_refused},
    {"memory is filled in shares", &memory_is_filled_in_shares},
    {"a failure to fill comes to every rank", &a_failure_to_fill_comes_to_every_rank},
    {"bad fillings are refused by all", &bad_fillings_are_refused_by_all},
    {NULL, NULL},
};
const struct test_group pool_memory_tests = {"pool_memory", cases};
