/* Nodes that stop sending, slow nodes that keep sending, and agents beside a watchdog. */
#include "suites.h"

#include "pool/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last rank stops, like a node whose network is down, and is continued once the others know. */
static rp_status fall_silent(rp_pool *pool, pid_t *silent)
{
    rp_loop *loop;
    rp_range range;
    bool last = world_rank() == world_ranks() - 1;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
    ck_assert_int_eq(rp_loop_open(pool, 1000000, &options, &loop), RP_OK);
    for (int done = 0; rp_loop_next(loop, &range); done++) {
        if (last && done == 3)
            raise(SIGSTOP);
        usleep(1000);
    }
    rp_status status = rp_loop_close(&loop, RP_OK);
    if (world_rank() == 0)
        kill(*silent, SIGCONT);
    return status;
}

/* Can rank 0 send the last rank SIGCONT? Not on another machine, nor in another container. */
static bool can_be_woken(const rp_pool *pool)
{
    char first[HOST_NAME_BYTES] = "", last[HOST_NAME_BYTES] = "";
    gethostname(first, sizeof first - 1);
    memcpy(last, first, sizeof last);
    MPI_Bcast(first, sizeof first, MPI_CHAR, 0, pool->world.comm);
    MPI_Bcast(last, sizeof last, MPI_CHAR, world_ranks() - 1, pool->world.comm);
    return strcmp(first, last) == 0;
}

/* Nodes whose threads do not run for the heartbeat's timeout, on a busy machine, count as silent,
 * too. So each attempt that such a node could have spoilt is repeated with a longer timeout. */
static const double shortest_timeout = 0.5, longest_timeout = 16;

/* Returns whether all ranks agree. */
static bool on_all_ranks(bool mine)
{
    int all = mine;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    return all;
}

/* Returns whether no other node counted as silent. */
static bool only_silent_node_lost(double timeout, pid_t *silent)
{
    char expected[64];
    int last = world_ranks() - 1;
    rp_pool *pool = open_configured(&(rp_config){.node_size = 1, .heartbeat_timeout = timeout});
    ck_assert_int_eq(fall_silent(pool, silent), RP_ERR_LOST);
    const rp_error *error = rp_last_error(pool);
    bool only = error->rank == last || world_rank() == last;
    snprintf(expected, sizeof expected, "has not answered for %g s", timeout);
    ck_assert_msg(strstr(error->text, expected) != NULL, "%s", error->text);
    ck_assert_int_eq(rp_barrier(pool), RP_ERR_STATE);
    ck_assert_int_ne(rp_close(&pool), RP_OK);
    ck_assert_ptr_null(pool);
    return on_all_ranks(only);
}

START_TEST(a_silent_node_is_lost)
{
    pid_t last = getpid();
    bool only = false;
    if (world_ranks() == 1)
        return;
    MPI_Bcast(&last, sizeof last, MPI_BYTE, world_ranks() - 1, MPI_COMM_WORLD);
    rp_pool *pool = open_pool();
    bool can_be = can_be_woken(pool);
    close_pool(pool);
    if (!can_be) {
        if (world_rank() == 0)
            printf("skipped: a silent node is lost: no rank could wake it\n");
        return;
    }
    for (double timeout = shortest_timeout; timeout <= longest_timeout && !only; timeout *= 2)
        only = only_silent_node_lost(timeout, &last);
    ck_assert(only);
}
END_TEST

/* Returns whether nodes whose items take twice the timeout are kept. */
static bool slow_nodes_kept(double timeout)
{
    rp_pool *pool = open_configured(&(rp_config){.node_size = 1, .heartbeat_timeout = timeout});
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, world_ranks(), NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep((useconds_t)(2e6 * timeout));
    rp_status status = rp_loop_close(&loop, RP_OK);
    ck_assert_msg(status == RP_OK || status == RP_ERR_LOST, "%s", rp_last_error(pool)->text);
    ck_assert_int_eq(rp_close(&pool) == RP_OK, status == RP_OK);
    return on_all_ranks(status == RP_OK);
}

START_TEST(signs_of_life_keep_slow_nodes)
{
    bool kept = false;
    for (double timeout = 2 * shortest_timeout; timeout <= longest_timeout && !kept; timeout *= 2)
        kept = slow_nodes_kept(timeout);
    ck_assert(kept);
}
END_TEST

/* ---- polled agents and a watchdog ------------------------------------------------------------ */

static pthread_t rank_thread;
static bool counts_receives;
static _Atomic int receives_elsewhere; /* on another thread than the rank's */

int MPI_Recv(void *memory, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
             MPI_Status *status)
{
    receives_elsewhere += counts_receives && !pthread_equal(pthread_self(), rank_thread);
    return PMPI_Recv(memory, count, type, from, tag, comm, status);
}

/* Without threads for agents, a rank's agent takes its steps between two chunks, and in no other
 * thread. */
START_TEST(a_watchdog_takes_no_steps_of_an_agent)
{
    rp_pool *pool;
    rp_loop *loop;
    rp_range range;
    rp_config config = {.node_size = 1, .watchdog_seconds = 0.1};
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 1};
    setenv("RANKPOOL_AGENT", "poll", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, &config, &pool), RP_OK);
    unsetenv("RANKPOOL_AGENT");
    rank_thread = pthread_self();
    counts_receives = true;
    ck_assert_int_eq(rp_loop_open(pool, 20 * world_ranks(), &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep(40000); /* longer than the watchdog sleeps */
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    counts_receives = false;
    ck_assert_int_eq(receives_elsewhere, 0);
    close_pool(pool);
}
END_TEST

/* The last group: MPI is left with messages that no call receives. */
static const struct test_case cases[] = {
    {"signs of life keep slow nodes", &signs_of_life_keep_slow_nodes},
    {"a watchdog takes no steps of an agent", &a_watchdog_takes_no_steps_of_an_agent},
    {"a silent node is lost", &a_silent_node_is_lost},
    {NULL, NULL},
};
const struct test_group distrib_heartbeat_tests = {"distrib_heartbeat", cases};
