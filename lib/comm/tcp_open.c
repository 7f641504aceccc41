#include "comm/tcp_link.h"

#include "base/thread.h"
#include "comm/completion.h"
#include "comm/mpi_error.h"
#include "comm/topology.h"

#include <stdio.h>

/* Nodes that could not find the root, ranks that are not ready, and nodes that the root has
 * accepted: one rank's contribution, or the sum. */
struct connect_counts {
    int failed, unready, accepted;
};

/* ---- the others ------------------------------------------------------------------------------ */

/* On the root's own host only the loopback interface leads to it for certain. On another host, an
 * address of this host would lead to a local process instead. */
static void connecting_drop_misleading(struct connecting *connecting)
{
    bool here = connecting->network == rpi_network_identity();
    int saved = 0;
    for (int i = 0; i < connecting->count; i++) {
        const struct sockaddr_in *address = &connecting->addresses[i];
        bool loopback = ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        if (here ? loopback : !rpi_addresses_own(address))
            connecting->addresses[saved++] = *address;
    }
    connecting->count = saved;
}

static void leader_connect(struct tcp_links *tcp_links)
{
    struct succession *succession = &tcp_links->succession;
    tcp_links->connecting.rank = tcp_links->world->rank;
    succession->file = rpi_tcp_link_connect(&tcp_links->connecting, &succession->over);
    atomic_store_explicit(&succession->leads, true, memory_order_release);
}

/* In a thread of each rank but the first of a node. */
static void *succession_run(void *closure)
{
    const double look_again = 0.1; /* seconds */
    struct tcp_links *tcp_links = closure;
    struct succession *succession = &tcp_links->succession;
    while (!atomic_load_explicit(&succession->over, memory_order_acquire) &&
           !rpi_liveness_first(&tcp_links->world->liveness))
        rpi_eventcount_sleep(&succession->changes, 0, look_again);
    leader_connect(tcp_links);
    return NULL;
}

static bool succession_begin(struct tcp_links *tcp_links)
{
    struct succession *succession = &tcp_links->succession;
    tcp_links->connecting.succeeds = true;
    succession->threaded = rpi_thread_start(&succession->thread, succession_run, tcp_links) == 0;
    return succession->threaded;
}

/* ---- the root -------------------------------------------------------------------------------- */

/* Are all ranks on one host? Then the root need not listen on external interfaces. */
static int hosts_compare(MPI_Comm comm, bool *one_host)
{
    uint64_t identity = rpi_network_identity(), most[2] = {identity, ~identity};
    int code = MPI_Allreduce(MPI_IN_PLACE, most, 2, MPI_UINT64_T, MPI_MAX, comm);
    *one_host = most[0] == ~most[1];
    return code;
}

/* Takes callers until all ranks have reported their result. */
static int callers_take(struct tcp_links *tcp_links, MPI_Request *request)
{
    const double moment = 1e-3;
    int over = 0, code = MPI_SUCCESS;
    while (code == MPI_SUCCESS && !over) {
        rpi_tcp_links_wait(tcp_links, moment);
        code = rpi_look(1, request, &over);
    }
    return code;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* All ranks sum their results; a rank that `takes` callers does so meanwhile. */
static int counts_sum(struct tcp_links *tcp_links, bool takes, struct connect_counts mine,
                      struct connect_counts *all)
{
    MPI_Request request;
    int code = MPI_Iallreduce(&mine, all, 3, MPI_INT, MPI_SUM, tcp_links->world->comm, &request);
    if (code == MPI_SUCCESS)
        code = takes ? callers_take(tcp_links, &request) : rpi_complete(1, &request, false);
    return code;
}

/* Why nodes are not connected: the same text on every rank. */
static void opening_explain(struct tcp_links *tcp_links, bool listening,
                            const struct connect_counts *all)
{
    const size_t size = sizeof tcp_links->why_not;
    int root = tcp_links->world->root, others = tcp_links->world->nodes - 1;
    if (all->unready > 0)
        snprintf(tcp_links->why_not, size,
                 "%d ranks have no memory, files or threads for TCP connections", all->unready);
    else if (!listening)
        snprintf(tcp_links->why_not, size, "rank %d cannot listen on any TCP port", root);
    else
        snprintf(tcp_links->why_not, size, "%d of %d other nodes cannot reach rank %d by TCP",
                 all->failed > 0 ? all->failed : others - all->accepted, others, root);
}

/* First the first rank of each node connects; then the others begin to wait to succeed it. The root
 * decides: a node is connected if the root has its link, whatever the node itself believes. */
static int nodes_connect(struct tcp_links *tcp_links, bool ready, bool *connected)
{
    const struct world *world = tcp_links->world;
    struct connecting *connecting = &tcp_links->connecting;
    bool listening = connecting->count > 0, first = world->node_rank == 0;
    bool outside = ready && listening && world->node != world->root_node;
    struct connect_counts mine = {.unready = !ready}, all = {.failed = 0};
    if (outside && first) {
        connecting_drop_misleading(connecting);
        leader_connect(tcp_links);
        mine.failed =
            !rpi_tcp_links_lead(tcp_links) || !rpi_tcp_links_whole(tcp_links, world->root);
    }
    int code = counts_sum(tcp_links, world->rank == world->root, mine, &all);
    if (code == MPI_SUCCESS) /* the address that is the root's */
        code = MPI_Bcast(connecting, sizeof *connecting, MPI_BYTE, 0, world->node_comm);
    if (code != MPI_SUCCESS)
        return code;
    if (outside && !first && all.failed + all.unready == 0)
        mine.unready = !succession_begin(tcp_links);
    mine.accepted = tcp_links->living;
    code = counts_sum(tcp_links, false, mine, &all); /* frames may come already */
    *connected = code == MPI_SUCCESS && listening && all.failed + all.unready == 0 &&
                 all.accepted == world->nodes - 1;
    if (!*connected)
        opening_explain(tcp_links, listening, &all);
    return code;
}

rp_status rpi_tcp_links_open(struct tcp_links *tcp_links, const struct world *world, double silence,
                             bool ready, bool *connected, rp_error *error)
{
    struct connecting *connecting = &tcp_links->connecting;
    bool one_host = false;
    *connected = false;
    *tcp_links = (struct tcp_links){.world = world};
    ready = rpi_tcp_links_allocate(tcp_links) && ready;
    int code = hosts_compare(world->comm, &one_host);
    if (world->rank == world->root && ready)
        rpi_tcp_links_listen(tcp_links, one_host, silence);
    if (code == MPI_SUCCESS)
        code = MPI_Bcast(connecting, sizeof *connecting, MPI_BYTE, world->root, world->comm);
    if (code == MPI_SUCCESS)
        code = nodes_connect(tcp_links, ready, connected);
    if (!*connected)
        rpi_tcp_links_close(tcp_links, 0);
    return rpi_mpi_check(code, "MPI_Iallreduce", error);
}
