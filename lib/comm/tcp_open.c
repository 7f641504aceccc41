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
    const struct tcp_link_opening *opening = closure;
    socket_set_timeouts(file, opening->silence);
    return opening->take(opening->closure, rank, file);
}

/* How long ranks try to connect. A busy machine needs some seconds, however short the user's
 * timeout for silent nodes is. */
static double opening_most_seconds(const struct tcp_link_opening *opening)
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

static bool root_connect(const struct tcp_link_opening *opening, struct root_endpoints endpoints)
{
    struct connecting connecting = {.key = endpoints.key,
                                    .addresses = endpoints.addresses,
                                    .most_seconds = opening_most_seconds(opening)};
    MPI_Comm_rank(opening->comm, &connecting.rank);
    endpoints_drop_misleading(&endpoints);
    connecting.count = endpoints.count;
    int file = rpi_tcp_link_connect(&connecting);
    if (file < 0)
        return false;
    socket_set_timeouts(file, opening->silence);
    if (opening->take(opening->closure, opening->root, file))
        return true;
    close(file);
    return false;
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

static struct acceptor *acceptor_make(const struct tcp_link_opening *opening, bool one_host,
                                      struct root_endpoints *endpoints)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (acceptor == NULL)
        return NULL;
    rpi_allow_many_files(); /* one for each rank */
    MPI_Comm_size(opening->comm, &acceptor->ranks);
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
static int counts_sum(const struct tcp_link_opening *opening, struct acceptor *acceptor,
                      struct connect_counts mine, struct connect_counts *all)
{
    MPI_Request request;
    int code = MPI_Iallreduce(&mine, all, 3, MPI_INT, MPI_SUM, opening->comm, &request);
    if (code == MPI_SUCCESS)
        code =
            acceptor != NULL ? acceptor_run(acceptor, &request) : rpi_complete(1, &request, false);
    return code;
}

/* The root decides: a rank is connected if the root has its link, whatever the rank itself
 * believes. */
static int decision_broadcast(const struct tcp_link_opening *opening, int decision[2])
{
    MPI_Request request;
    int code = MPI_Ibcast(decision, 2, MPI_INT, opening->root, opening->comm, &request);
    return code == MPI_SUCCESS ? rpi_complete(1, &request, false) : code;
}

/* The text is the same on every rank. */
static void report_explain(const struct root_endpoints *endpoints, const struct connect_counts *all,
                           int root, struct tcp_link_report *report)
{
    const size_t size = sizeof report->why;
    if (report->connected)
        report->why[0] = '\0';
    else if (all->unready > 0)
        snprintf(report->why, size, "%d ranks have no memory or files for TCP connections",
                 all->unready);
    else if (endpoints->count == 0)
        snprintf(report->why, size, "rank %d cannot listen on any TCP port", root);
    else
        snprintf(report->why, size, "%d of %d ranks on other nodes cannot reach rank %d by TCP",
                 all->failed > 0 ? all->failed : all->outside - report->accepted, all->outside,
                 root);
}

static int ranks_connect(const struct tcp_link_opening *opening, struct acceptor *acceptor,
                         const struct root_endpoints *endpoints, struct tcp_link_report *report)
{
    struct connect_counts mine = {opening->outside, 0, !opening->ready}, all = {0, 0, 0};
    if (opening->outside && opening->ready && endpoints->count > 0)
        mine.failed = !root_connect(opening, *endpoints);
    int code = counts_sum(opening, acceptor, mine, &all);
    if (code != MPI_SUCCESS)
        return code;
    int decision[2] = {0, 0}; /* connected, accepted */
    if (acceptor != NULL) {
        decision[0] = all.failed + all.unready == 0 && acceptor->accepted == all.outside;
        decision[1] = acceptor->accepted;
    }
    code = decision_broadcast(opening, decision);
    report->connected = code == MPI_SUCCESS && decision[0] != 0;
    report->accepted = decision[1];
    report_explain(endpoints, &all, opening->root, report);
    return code;
}

rp_status rpi_tcp_link_open(const struct tcp_link_opening *opening, struct tcp_link_report *report,
                            rp_error *error)
{
    struct root_endpoints endpoints = {.count = 0};
    struct acceptor *acceptor = NULL;
    bool one_host = false;
    int me;
    MPI_Comm_rank(opening->comm, &me);
    *report = (struct tcp_link_report){.connected = false};
    int code = hosts_compare(opening->comm, &one_host);
    if (me == opening->root && opening->ready)
        acceptor = acceptor_make(opening, one_host, &endpoints);
    if (code == MPI_SUCCESS)
        code = MPI_Bcast(&endpoints, sizeof endpoints, MPI_BYTE, opening->root, opening->comm);
    if (code == MPI_SUCCESS)
        code = ranks_connect(opening, acceptor, &endpoints, report);
    if (acceptor != NULL)
        rpi_acceptor_close(acceptor);
    free(acceptor);
    return rpi_mpi_check(code, "MPI_Iallreduce", error);
}
