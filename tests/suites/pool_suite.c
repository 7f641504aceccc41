/* Opening and closing pools, agreements: properties that hold on every rank, whatever one of them
 * does. */
#include "suites.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(ranks_and_nodes_add_up)
{
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_rank(pool), world_rank());
    ck_assert_int_eq(rp_ranks(pool), world_ranks());
    ck_assert_int_eq(rp_root(pool), 0);
    ck_assert(rp_node(pool) >= 0 && rp_node(pool) < rp_nodes(pool));
    ck_assert(rp_node_rank(pool) >= 0 && rp_node_rank(pool) < rp_node_ranks(pool));
    int first = rp_node_rank(pool) == 0 ? rp_node_ranks(pool) : 0, sum;
    MPI_Allreduce(&first, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    ck_assert_int_eq(sum, world_ranks());
    close_pool(pool);
}
END_TEST

START_TEST(open_joins_an_mpi_that_is_initialised)
{
    rp_pool *pool;
    ck_assert_int_eq(rp_open(NULL, &pool), RP_OK);
    close_pool(pool);
    int finalised;
    MPI_Finalized(&finalised);
    ck_assert(!finalised);
}
END_TEST

START_TEST(pretended_nodes)
{
    for (int size = 1; size <= 3; size++) {
        rp_pool *pool = open_nodes(size);
        ck_assert_int_le(rp_node_ranks(pool), size);
        ck_assert_int_ge(rp_nodes(pool), (world_ranks() + size - 1) / size);
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
        ck_assert_int_eq(rp_node_sync(pool), RP_OK);
        close_pool(pool);
    }
}
END_TEST

START_TEST(pretended_nodes_by_environment)
{
    rp_pool *pool;
    setenv("RANKPOOL_NODE_SIZE", "1", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, &pool), RP_OK);
    ck_assert_int_eq(rp_nodes(pool), world_ranks());
    close_pool(pool);
    setenv("RANKPOOL_NODE_SIZE", "few", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
    unsetenv("RANKPOOL_NODE_SIZE");
}
END_TEST

START_TEST(pools_on_parts_of_the_world)
{
    MPI_Comm part;
    MPI_Comm_split(MPI_COMM_WORLD, world_rank() % 2, -world_rank(), &part);
    int rank, ranks;
    MPI_Comm_rank(part, &rank);
    MPI_Comm_size(part, &ranks);
    rp_pool *pool, *whole = open_pool();
    ck_assert_int_eq(rp_open_comm(part, NULL, &pool), RP_OK);
    MPI_Comm_free(&part);
    ck_assert_int_eq(rp_rank(pool), rank);
    ck_assert_int_eq(rp_ranks(pool), ranks);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
        ck_assert_int_eq(rp_barrier(whole), RP_OK);
    }
    close_pool(whole);
    ck_assert_int_eq(rp_barrier(pool), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(bad_communicators_are_refused)
{
    rp_pool *pool = (rp_pool *)&pool;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_NULL, NULL, &pool), RP_ERR_ARGUMENT);
    ck_assert_ptr_null(pool);
    ck_assert(strstr(rp_last_error(NULL)->text, "MPI_COMM_NULL") != NULL);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_open(NULL, NULL), RP_ERR_ARGUMENT);
    if (world_ranks() < 2)
        return;
    MPI_Comm half, inter;
    int side = world_rank() % 2;
    MPI_Comm_split(MPI_COMM_WORLD, side, 0, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - side, 5, &inter);
    ck_assert_int_eq(rp_open_comm(inter, NULL, &pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(NULL)->text, "intercommunicator") != NULL);
    MPI_Comm_free(&inter);
    MPI_Comm_free(&half);
}
END_TEST

/* Only the last rank's config is wrong; every rank must get the error. */
static void check_refused(rp_config good, rp_config bad, rp_status status)
{
    rp_pool *pool;
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, last ? &bad : &good, &pool), status);
    ck_assert_ptr_null(pool);
    check_same_error(rp_last_error(NULL), status);
    ck_assert_int_eq(rp_last_error(NULL)->rank, world_ranks() - 1);
}

START_TEST(bad_configs_are_refused_by_all)
{
    rp_config good = {.root = 0};
    check_refused(good, (rp_config){.root = -1}, RP_ERR_ARGUMENT);
    check_refused(good, (rp_config){.root = world_ranks()}, RP_ERR_ARGUMENT);
    check_refused(good, (rp_config){.node_size = -2}, RP_ERR_ARGUMENT);
    check_refused(good, (rp_config){.thread_level = -1}, RP_ERR_ARGUMENT);
    check_refused(good, (rp_config){.thread_level = 1000}, RP_ERR_ARGUMENT);
    check_refused(good, (rp_config){.reserved = {[5] = 1}}, RP_ERR_VERSION);
    if (world_ranks() > 1) {
        check_refused(good, (rp_config){.root = 1}, RP_ERR_MISMATCH);
        check_refused(good, (rp_config){.node_size = 1}, RP_ERR_MISMATCH);
        if (getenv("RANKPOOL_SURVIVE") == NULL) /* RANKPOOL_SURVIVE would set it on all ranks */
            check_refused(good, (rp_config){.survive_deaths = true}, RP_ERR_MISMATCH);
        check_refused(good, (rp_config){.thread_level = MPI_THREAD_FUNNELED}, RP_ERR_MISMATCH);
    }
}
END_TEST

START_TEST(one_rank_without_a_place_for_the_pool)
{
    rp_pool *pool;
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, last ? NULL : &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
}
END_TEST

START_TEST(every_rank_can_be_root)
{
    for (int root = 0; root < world_ranks(); root++) {
        rp_pool *pool = open_configured(&(rp_config){.root = root});
        ck_assert_int_eq(rp_root(pool), root);
        close_pool(pool);
    }
}
END_TEST

START_TEST(barriers_hold_everyone)
{
    rp_pool *pool = open_pool();
    void *memory;
    ck_assert_int_eq(rp_node_alloc(pool, sizeof(int), &memory), RP_OK);
    _Atomic int *count = memory;
    for (int round = 1; round <= 200; round++) {
        atomic_fetch_add(count, 1);
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
        ck_assert_int_ge(atomic_load(count), round * rp_node_ranks(pool));
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
        ck_assert_int_eq(atomic_load(count), round * rp_node_ranks(pool));
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
    }
    close_pool(pool);
}
END_TEST

START_TEST(agreement_tells_the_lowest_rank)
{
    rp_pool *pool = open_pool();
    rp_status worst = RP_ERR_IO;
    ck_assert_int_eq(rp_agree(pool, RP_OK, &worst), RP_OK);
    ck_assert_int_eq(worst, RP_OK);
    int middle = world_ranks() / 2;
    rp_status mine = world_rank() < middle    ? RP_OK
                     : world_rank() == middle ? RP_ERR_IO
                                              : RP_ERR_TASK;
    ck_assert_int_eq(rp_agree(pool, mine, &worst), RP_OK);
    ck_assert_int_eq(worst, RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    ck_assert_int_eq(rp_last_error(pool)->rank, middle);
    ck_assert_int_eq(rp_agree(pool, RP_ERR_MISMATCH, NULL), RP_OK);
    ck_assert_int_eq(rp_barrier(pool), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(different_calls_lose_step)
{
    rp_pool *pool = open_pool();
    bool odd_one = world_rank() == world_ranks() - 1;
    if (world_ranks() > 1) {
        rp_status status = odd_one ? rp_node_sync(pool) : rp_barrier(pool);
        ck_assert_int_eq(status, RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
        ck_assert(strstr(rp_last_error(pool)->text, "rp_barrier") != NULL);
        ck_assert(strstr(rp_last_error(pool)->text, "rp_node_sync") != NULL);
        rp_loop *loop;
        ck_assert_int_eq(rp_barrier(pool), RP_ERR_STATE);
        ck_assert_int_eq(rp_agree(pool, RP_OK, NULL), RP_ERR_STATE);
        ck_assert_int_eq(rp_loop_open(pool, 10, NULL, &loop), RP_ERR_STATE);
        ck_assert_int_eq(rp_close(&pool), RP_ERR_STATE);
    } else {
        close_pool(pool);
    }
}
END_TEST

/* Every rank on its own node and, if the system allows it, its own host. */
/* From `odd` on the ranks ask for another size: on whatever nodes they are, the first one is
 * named. */
static void check_blamed(rp_pool *pool, int odd)
{
    void *memory;
    size_t bytes = world_rank() < odd ? 64 : 64 + (size_t)world_rank();
    ck_assert_int_eq(rp_node_alloc(pool, bytes, &memory), RP_ERR_MISMATCH);
    check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    ck_assert_int_eq(rp_last_error(pool)->rank, odd);
}

START_TEST(nodes_do_not_change_who_is_blamed)
{
    for (int size = 1; size <= 4; size++) {
        rp_pool *pool = open_nodes(size);
        for (int odd = 1; odd < world_ranks(); odd++)
            check_blamed(pool, odd);
        close_pool(pool);
    }
}
END_TEST

START_TEST(a_mismatch_names_the_host_of_its_rank)
{
    char before[64], host[64];
    int last = world_ranks() - 1;
    ck_assert_int_eq(gethostname(before, sizeof before), 0);
    snprintf(host, sizeof host, "host%d", world_rank());
    bool renamed = unshare(CLONE_NEWUTS) == 0 && sethostname(host, strlen(host)) == 0;
    snprintf(host, sizeof host, "host%d", last);
    rp_pool *pool = open_nodes(1);
    if (last > 0) {
        void *memory;
        rp_status status = rp_node_alloc(pool, world_rank() == last ? 16 : 8, &memory);
        ck_assert_int_eq(status, RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert_str_eq(rp_last_error(pool)->host, renamed ? host : before);
    }
    close_pool(pool);
    if (renamed)
        ck_assert_int_eq(sethostname(before, strlen(before)), 0);
}
END_TEST

START_TEST(closing_early_leaves_no_rank_waiting)
{
    rp_pool *pool = open_pool();
    if (world_ranks() > 1 && world_rank() != 0)
        ck_assert_int_eq(rp_barrier(pool), RP_ERR_MISMATCH);
    rp_status status = rp_close(&pool);
    if (world_ranks() > 1)
        ck_assert_int_eq(status, world_rank() == 0 ? RP_ERR_MISMATCH : RP_ERR_STATE);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(rp_close(&pool), RP_OK);
    ck_assert_int_eq(rp_close(NULL), RP_OK);
}
END_TEST

START_TEST(calls_without_a_pool_are_refused)
{
    rp_loop *loop;
    void *memory = NULL;
    ck_assert_int_eq(rp_barrier(NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_sync(NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_agree(NULL, RP_OK, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_alloc(NULL, 1, &memory), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_node_free(NULL, &memory), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_loop_open(NULL, 1, NULL, &loop), RP_ERR_ARGUMENT);
}
END_TEST

/* What rp_report() prints here; its value in *code. */
static void report_of(const rp_pool *pool, char *text, size_t bytes, int *code)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    ck_assert(file != NULL && saved >= 0);
    dup2(fileno(file), STDERR_FILENO);
    *code = rp_report(pool, "program");
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t length = fread(text, 1, bytes - 1, file);
    text[length] = '\0';
    fclose(file);
}

static int one_bad_item(rp_task *task, const void *in, void *out)
{
    (void)in, (void)out;
    return rp_task_item(task) == 7 ? rp_task_fail(task, 7, 3, "too cold") : 0;
}

START_TEST(errors_are_reported_by_one_rank)
{
    rp_pool *pool;
    char text[1024], expected[1024];
    int code;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, &(rp_config){.node_size = -1}, &pool),
                     RP_ERR_ARGUMENT);
    report_of(NULL, text, sizeof text, &code);
    ck_assert_str_eq(text,
                     world_rank() == 0 ? "program: config.node_size is -1: give 0 or more\n" : "");
    ck_assert_int_eq(code, world_rank() == 0 ? 2 : 0);

    ck_assert_int_eq(rp_open_comm(MPI_COMM_NULL, NULL, &pool), RP_ERR_ARGUMENT);
    report_of(NULL, text, sizeof text, &code); /* an error that no other rank has */
    ck_assert_str_eq(text, "program: the communicator is MPI_COMM_NULL\n");
    ck_assert_int_eq(code, 2);

    int root = world_ranks() - 1;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, &(rp_config){.root = root}, &pool), RP_OK);
    report_of(pool, text, sizeof text, &code);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(code, 0);
    ck_assert_int_eq(rp_map(pool, &(rp_map_job){.n = 9, .item = one_bad_item}), RP_ERR_TASK);
    const rp_error *error = rp_last_error(pool);
    snprintf(expected, sizeof expected, "program: too cold (item 7, rank %d on %s)\n", error->rank,
             error->host);
    report_of(pool, text, sizeof text, &code);
    ck_assert_str_eq(text, world_rank() == root ? expected : "");
    ck_assert_int_eq(code, 1);
    rp_close(&pool);
}
END_TEST

/* ---- opening that fails half-way ------------------------------------------------------------- */

static int reductions_left; /* until one fails; 0: none does */

/* All ranks count the same calls while a pool is opened. */
int MPI_Allreduce(const void *mine, void *all, int count, MPI_Datatype type, MPI_Op op,
                  MPI_Comm comm)
{
    if (reductions_left > 0 && --reductions_left == 0)
        return MPI_ERR_OTHER;
    return PMPI_Allreduce(mine, all, count, type, op, comm);
}

/* Process resources of a pool: files, threads, handlers. */
struct belongings {
    int files, threads;
    void (*on_crash)(int);
    void (*on_interruption)(int);
};

static struct belongings belongings_now(int most_threads)
{
    struct sigaction crash, interruption;
    sigaction(SIGSEGV, NULL, &crash);
    sigaction(SIGUSR1, NULL, &interruption);
    return (struct belongings){directory_entries("/proc/self/fd"), listed_threads(most_threads),
                               crash.sa_handler, interruption.sa_handler};
}

static void check_nothing_left(const struct belongings *before, int step)
{
    struct belongings now = belongings_now(before->threads);
    ck_assert_msg(now.files == before->files && now.threads == before->threads,
                  "step %d leaves %d files instead of %d, %d threads instead of %d", step,
                  now.files, before->files, now.threads, before->threads);
    ck_assert(now.on_crash == before->on_crash && now.on_interruption == before->on_interruption);
}

/* Whichever step fails, everything allocated by the earlier steps is released, also the lock on the
 * directory. */
START_TEST(opening_that_fails_leaves_nothing)
{
    char directory[] = "opening-XXXXXX";
    if (world_rank() == 0)
        ck_assert_ptr_nonnull(mkdtemp(directory));
    MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
    rp_config config = {.handle_signals = true,
                        .watchdog_seconds = 100,
                        .survive_deaths = true,
                        .checkpoint = directory};
    rp_pool *pool = NULL;
    for (int round = 0; round < 2; round++) { /* in the first round MPI itself opens files */
        struct belongings before = belongings_now(INT_MAX);
        rp_status status = RP_ERR_MPI;
        int step = 0;
        while (status != RP_OK && step < 100) {
            reductions_left = ++step;
            status = rp_open_comm(MPI_COMM_WORLD, &config, &pool);
            reductions_left = 0;
            if (status != RP_OK) {
                ck_assert_int_eq(status, RP_ERR_MPI);
                ck_assert_ptr_null(pool);
            }
            if (status != RP_OK && round > 0)
                check_nothing_left(&before, step);
        }
        ck_assert_int_eq(status, RP_OK);
        ck_assert_int_gt(step, 10);
        close_pool(pool);
    }
    if (world_rank() == 0)
        rmdir(directory);
}
END_TEST

static const struct test_case cases[] = {
    {"ranks and nodes add up", &ranks_and_nodes_add_up},
    {"open joins an MPI that is initialised", &open_joins_an_mpi_that_is_initialised},
    {"pretended nodes", &pretended_nodes},
    {"pretended nodes by environment", &pretended_nodes_by_environment},
    {"pools on parts of the world", &pools_on_parts_of_the_world},
    {"bad communicators are refused", &bad_communicators_are_refused},
    {"bad configs are refused by all", &bad_configs_are_refused_by_all},
    {"one rank without a place for the pool", &one_rank_without_a_place_for_the_pool},
    {"every rank can be root", &every_rank_can_be_root},
    {"barriers hold everyone", &barriers_hold_everyone},
    {"agreement tells the lowest rank", &agreement_tells_the_lowest_rank},
    {"different calls lose step", &different_calls_lose_step},
    {"nodes do not change who is blamed", &nodes_do_not_change_who_is_blamed},
    {"a mismatch names the host of its rank", &a_mismatch_names_the_host_of_its_rank},
    {"closing early leaves no rank waiting", &closing_early_leaves_no_rank_waiting},
    {"errors are reported by one rank", &errors_are_reported_by_one_rank},
    {"calls without a pool are refused", &calls_without_a_pool_are_refused},
    {"opening that fails leaves nothing", &opening_that_fails_leaves_nothing},
    {NULL, NULL},
};
const struct test_group pool_tests = {"pool", cases};
