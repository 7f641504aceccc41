#include "comm/tcp_link.h"

#include "base/eventcount.h"
#include "base/file_io.h"
#include "comm/completion.h"
#include "comm/mpi_error.h"
#include "comm/tcp_accept.h"
#include "comm/tcp_connect.h"

#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct opening {
    struct tcp_links *tcp_links;
    MPI_Comm comm;
    bool outside; /* this rank needs a connection */
    bool ready;   /* this rank can take connections */
    double silence;
};

/* From the root to all ranks, by MPI. */
struct root_endpoints {
    struct siphash_key key;
    uint64_t network; /* the root's rpi_network_identity() */
    struct sockaddr_in addresses[ADDRESSES];
    int count; /* 0: the root cannot be called */
};

/* Ranks that need a connection, those of them that could not find the root, and ranks that are not
 * ready: one rank's contribution, or the sum. */
struct connect_counts {
    int outside, failed, unready;
};

/* Breaks the link when the peer's host has not responded for that time. */
static void socket_set_timeouts(int file, double silence)
{
    int on = 1, probes = 4, third = (int)(silence / 3) > 1 ? (int)(silence / 3) : 1;
    int between = third / probes > 1 ? third / probes : 1;
    unsigned all = (unsigned)(1e3 * silence);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &third, sizeof third);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(file, IPPROTO_TCP, TCP_USER_TIMEOUT, &all, sizeof all);
}

static bool connection_take(void *closure, int rank, int file)
{
    const struct opening *opening = closure;
    socket_set_timeouts(file, opening->silence);
    return rpi_tcp_links_take(opening->tcp_links, rank, file);
}

/* How long ranks try to connect. A busy machine needs some seconds, however short the user's
 * timeout for silent nodes is. */
static double opening_most_seconds(const struct opening *opening)
{
    const double least = 10;
    return fmax(opening->silence, least);
}

/* ---- the others ------------------------------------------------------------------------------ */

/* On the root's own host only the loopback interface leads to it for certain. On another host, an
 * address of this host would lead to a local process instead. */
static void endpoints_drop_misleading(struct root_endpoints *endpoints)
{
    bool here = endpoints->network == rpi_network_identity();
    int saved = 0;
    for (int i = 0; i < endpoints->count; i++) {
        const struct sockaddr_in *address = &endpoints->addresses[i];
        bool loopback = ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        if (here ? loopback : !rpi_addresses_own(address))
            endpoints->addresses[saved++] = *address;
    }
    endpoints->count = saved;
}

static bool root_connect(const struct opening *opening, struct root_endpoints endpoints)
{
    struct connecting connecting = {.key = endpoints.key,
                                    .rank = opening->tcp_links->me,
                                    .addresses = endpoints.addresses,
                                    .most_seconds = opening_most_seconds(opening)};
    endpoints_drop_misleading(&endpoints);
    connecting.count = endpoints.count;
    int file = rpi_tcp_link_connect(&connecting);
    if (file < 0)
        return false;
    bool taken = connection_take((void *)(uintptr_t)opening, opening->tcp_links->root, file);
    if (!taken)
        close(file);
    return taken;
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

static struct acceptor *acceptor_make(const struct opening *opening, bool one_host,
                                      struct root_endpoints *endpoints)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (acceptor == NULL)
        return NULL;
    rpi_allow_many_files(); /* one for each rank */
    acceptor->ranks = opening->tcp_links->ranks;
    acceptor->take = connection_take;
    acceptor->closure = (void *)(uintptr_t)opening;
    if (rpi_acceptor_open(acceptor, one_host)) {
        endpoints->key = acceptor->key;
        endpoints->network = rpi_network_identity();
        endpoints->count = acceptor->count;
        memcpy(endpoints->addresses, acceptor->addresses, sizeof endpoints->addresses);
        return acceptor;
    }
    rpi_acceptor_close(acceptor);
    free(acceptor);
    return NULL;
}

/* Until all ranks have reported their result. */
static int acceptor_run(struct acceptor *acceptor, MPI_Request *request)
{
    const int milliseconds = 1;
    int over = 0, code = MPI_SUCCESS;
    while (code == MPI_SUCCESS && !over) {
        rpi_acceptor_step(acceptor, milliseconds);
        code = rpi_look(1, request, &over);
    }
    return code;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* All ranks sum their results; the root accepts callers meanwhile. */
static int counts_sum(const struct opening *opening, struct acceptor *acceptor,
                      struct connect_counts mine, struct connect_counts *all)
{
    MPI_Request request;
    int code = MPI_Iallreduce(&mine, all, 3, MPI_INT, MPI_SUM, opening->comm, &request);
    if (code == MPI_SUCCESS)
        code =
            acceptor != NULL ? acceptor_run(acceptor, &request) : rpi_complete(1, &request, false);
    return code;
}

/* Why ranks are not connected: the same text on every rank. */
static void opening_explain(const struct opening *opening, const struct root_endpoints *endpoints,
                            const struct connect_counts *all, int accepted)
{
    struct tcp_links *tcp_links = opening->tcp_links;
    const size_t size = sizeof tcp_links->why_not;
    if (all->unready > 0)
        snprintf(tcp_links->why_not, size, "%d ranks have no memory or files for TCP connections",
                 all->unready);
    else if (endpoints->count == 0)
        snprintf(tcp_links->why_not, size, "rank %d cannot listen on any TCP port",
                 tcp_links->root);
    else
        snprintf(tcp_links->why_not, size,
                 "%d of %d ranks on other nodes cannot reach rank %d by TCP",
                 all->failed > 0 ? all->failed : all->outside - accepted, all->outside,
                 tcp_links->root);
}

/* The root decides: a rank is connected if the root has its link, whatever the rank itself
 * believes. */
static int ranks_connect(const struct opening *opening, struct acceptor *acceptor,
                         const struct root_endpoints *endpoints, bool *connected)
{
    struct connect_counts mine = {opening->outside, 0, !opening->ready}, all = {0, 0, 0};
    int accepted = 0;
    if (opening->outside && opening->ready && endpoints->count > 0)
        mine.failed = !root_connect(opening, *endpoints);
    int code = counts_sum(opening, acceptor, mine, &all);
    if (code != MPI_SUCCESS)
        return code;
    if (acceptor != NULL)
        accepted = acceptor->accepted;
    MPI_Request request;
    code = MPI_Ibcast(&accepted, 1, MPI_INT, opening->tcp_links->root, opening->comm, &request);
    if (code == MPI_SUCCESS)
        code = rpi_complete(1, &request, false);
    *connected = code == MPI_SUCCESS && all.failed + all.unready == 0 && endpoints->count > 0 &&
                 accepted == all.outside;
    if (!*connected)
        opening_explain(opening, endpoints, &all, accepted);
    return code;
}

rp_status rpi_tcp_links_open(struct tcp_links *tcp_links, MPI_Comm comm, int root, bool outside,
                             double silence, bool ready, bool *connected, rp_error *error)
{
    struct root_endpoints endpoints = {.count = 0};
    struct acceptor *acceptor = NULL;
    bool one_host = false;
    *connected = false;
    *tcp_links = (struct tcp_links){.root = root};
    MPI_Comm_rank(comm, &tcp_links->me);
    MPI_Comm_size(comm, &tcp_links->ranks);
    struct opening opening = {tcp_links, comm, outside, false, silence};
    opening.ready = rpi_tcp_links_allocate(tcp_links) && ready;
    int code = hosts_compare(comm, &one_host);
    if (tcp_links->me == root && opening.ready)
        acceptor = acceptor_make(&opening, one_host, &endpoints);
    if (code == MPI_SUCCESS)
        code = MPI_Bcast(&endpoints, sizeof endpoints, MPI_BYTE, root, comm);
    if (code == MPI_SUCCESS)
        code = ranks_connect(&opening, acceptor, &endpoints, connected);
    if (acceptor != NULL)
        rpi_acceptor_close(acceptor);
    free(acceptor);
    if (!*connected)
        rpi_tcp_links_close(tcp_links, 0);
    return rpi_mpi_check(code, "MPI_Iallreduce", error);
}
