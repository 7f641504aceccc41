/* Leaders of nodes die, each of which has the TCP connection of its node to the root. Starts
 * itself; ends.sh has the expected output.
 *
 * usage: leaders dying | opening | closing */
#include "comm/tcp_accept.h"
#include "pool/pool.h"
#include "resilience/survival.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ITEMS = 100
};

static rp_pool *pool;
static int32_t in[ITEMS], out[ITEMS];

static bool at_root(void)
{
    return rp_rank(pool) == rp_root(pool);
}

static rp_status show(rp_status status)
{
    int good = 0;
    for (int i = 0; i < ITEMS; i++)
        good += out[i] == 3 * i;
    if (at_root())
        printf("%s\n%d good, %d ranks lost\n", rp_last_error(pool)->text, good,
               rp_ranks_lost(pool));
    return status;
}

static bool leads(void)
{
    return atomic_load(&pool->world.hub.tcp_links.succession.leads);
}

/* On the other nodes all ranks are in their items until they lead; all but the last then die. */
static int lead_and_die(rp_task *task, const void *input, void *output)
{
    const struct world *world = &pool->world;
    bool outside = world->node != world->root_node;
    (void)task;
    while (outside && !leads())
        usleep(1000);
    if (outside && world->node_rank + 1 < world->node_ranks)
        raise(SIGKILL);
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

/* On the root: the number of connections to the ports on which it listens for other nodes. */
static int connections(void)
{
    const struct acceptor *acceptor = &pool->world.hub.tcp_links.acceptor;
    int count = 0;
    for (int file = 0; file < 1024; file++) {
        struct sockaddr_in peer, own;
        socklen_t length = sizeof peer, own_length = sizeof own;
        bool connected = getpeername(file, (struct sockaddr *)&peer, &length) == 0 &&
                         getsockname(file, (struct sockaddr *)&own, &own_length) == 0;
        for (int i = 0; i < acceptor->count && connected; i++)
            count += own.sin_family == AF_INET && own.sin_port == acceptor->addresses[i].sin_port;
    }
    return count;
}

static rp_status map_by(rp_item_fn item)
{
    memset(out, 0, sizeof out);
    rp_map_job job = {.n = ITEMS,
                      .item = item,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.schedule = RP_SCHEDULE_STATIC}};
    return rp_map(pool, &job);
}

/* Leaders die, one after the other, while all others of their nodes are in an item. */
static rp_status dying(void)
{
    int before = connections();
    rp_status status = show(map_by(lead_and_die));
    if (at_root())
        printf("%d connections before, %d after\n", before, connections());
    return status;
}

static int triple(rp_task *task, const void *input, void *output)
{
    (void)task;
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

static void die(int signal)
{
    (void)signal;
    raise(SIGKILL);
}

/* The leader of the last node dies soon, most likely while it waits for ranks that come late. */
static void doom_leader(bool late)
{
    const struct itimerval soon = {.it_value = {0, 100000}};
    rpi_survival_enter(pool); /* it may die before the call, too */
    if (leads() && rp_node(pool) == rp_nodes(pool) - 1) {
        signal(SIGALRM, die);
        setitimer(ITIMER_REAL, &soon, NULL);
    } else if (late) {
        usleep(300000);
    }
}

/* Leaders die in the agreement that opens a job: before the root has their report, which waits for
 * another rank of the node, and when it has it and waits for its own ranks. */
static rp_status opening(void)
{
    bool last = rp_rank(pool) == rp_ranks(pool) - 1;
    doom_leader(last);
    rp_status status = map_by(triple);
    rpi_survival_leave(pool);
    while (rp_ranks_lost(pool) < 1 && status == RP_OK)
        status = rp_barrier(pool);
    doom_leader(at_root());
    if (status == RP_OK)
        status = map_by(triple);
    rpi_survival_leave(pool);
    while (rp_ranks_lost(pool) < 2 && status == RP_OK)
        status = rp_barrier(pool);
    return status == RP_OK ? show(map_by(triple)) : status;
}

static rp_status run(const char *what)
{
    if (strcmp(what, "dying") == 0)
        return dying();
    if (strcmp(what, "opening") == 0)
        return opening();
    doom_leader(rp_rank(pool) == rp_ranks(pool) - 1);
    return RP_OK; /* closing */
}

int main(int argc, char **argv)
{
    rp_config config = {.survive_deaths = true};
    rp_launch(&argc, &argv);
    if (argc != 2 || rp_open(&config, &pool) != RP_OK)
        return 2;
    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    rp_status status = run(argv[1]);
    rp_close(&pool);
    return rp_exit_code(status);
}
