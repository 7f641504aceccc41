#include "world/wire_open.h"

#include "base/waiting.h"
#include "world/mpi_error.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ADDRESSES = 16
};

/* Where the root is. */
struct invitation {
    struct sockaddr_in address[ADDRESSES];
    int addresses; /* 0: nowhere */
    uint64_t token[2];
};

/* What each says first: the one who calls, and the root in answer. */
struct greeting {
    uint64_t token[2];
    int64_t rank;
};

static const int patience = 2000; /* milliseconds for each step of getting to know each other */

/* ---- the root -------------------------------------------------------------------------------- */

/* Every address of this host; that of the host itself last, for pretended nodes. */
static void add_addresses(struct invitation *invitation, in_port_t port, bool loopback)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return;
    for (struct ifaddrs *at = list; at != NULL && invitation->addresses < ADDRESSES;
         at = at->ifa_next) {
        bool usable = at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET &&
                      (at->ifa_flags & IFF_UP) != 0;
        if (!usable || ((at->ifa_flags & IFF_LOOPBACK) != 0) != loopback)
            continue;
        struct sockaddr_in *address = &invitation->address[invitation->addresses++];
        memcpy(address, at->ifa_addr, sizeof *address);
        address->sin_port = port;
    }
    freeifaddrs(list);
}

/* One file for each rank: as many as the system lets us have. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int invite(struct invitation *invitation)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof address;
    allow_files();
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool listens = file >= 0 && bind(file, (struct sockaddr *)&address, length) == 0 &&
                   listen(file, SOMAXCONN) == 0 &&
                   getsockname(file, (struct sockaddr *)&address, &length) == 0 &&
                   getrandom(invitation->token, sizeof invitation->token, 0) ==
                       (ssize_t)sizeof invitation->token;
    if (listens) {
        add_addresses(invitation, address.sin_port, false);
        add_addresses(invitation, address.sin_port, true);
    }
    return file;
}

static bool ready_for(int file, short events)
{
    struct pollfd look = {.fd = file, .events = events};
    return poll(&look, 1, patience) == 1;
}

static bool hear_greeting(int file, struct greeting *greeting)
{
    size_t got = 0;
    while (got < sizeof *greeting && ready_for(file, POLLIN)) {
        ssize_t count = recv(file, (char *)greeting + got, sizeof *greeting - got, 0);
        if (count <= 0)
            return false;
        got += (size_t)count;
    }
    return got == sizeof *greeting;
}

static bool greet(int file, const struct invitation *invitation, int rank)
{
    struct greeting greeting = {{invitation->token[0], invitation->token[1]}, rank};
    return send(file, &greeting, sizeof greeting, MSG_NOSIGNAL) == (ssize_t)sizeof greeting;
}

static bool knows(const struct greeting *greeting, const struct invitation *invitation)
{
    return memcmp(greeting->token, invitation->token, sizeof greeting->token) == 0;
}

/* A host that is gone without a word answers no more: after that time its wire is broken. */
static void watch_network(int file, double silence)
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

/* Anybody may call: who does not know the number is not let in. */
static void admit(const struct wire_opening *opening, const struct invitation *invitation,
                  int listening)
{
    struct greeting greeting;
    int ranks, file = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (file < 0)
        return;
    MPI_Comm_size(opening->comm, &ranks);
    bool known = hear_greeting(file, &greeting) && knows(&greeting, invitation) &&
                 greeting.rank >= 0 && greeting.rank < ranks;
    watch_network(file, opening->silence);
    if (!known || !opening->take(opening->closure, (int)greeting.rank, file))
        close(file);
    else
        greet(file, invitation, opening->root);
}

/* ---- the others ------------------------------------------------------------------------------ */

static int call(const struct sockaddr_in *address)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), code = 0;
    socklen_t length = sizeof code;
    if (file < 0)
        return -1;
    bool called = connect(file, (const struct sockaddr *)address, sizeof *address) == 0;
    if (!called && errno == EINPROGRESS && ready_for(file, POLLOUT))
        called = getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length) == 0 && code == 0;
    if (called && fcntl(file, F_SETFL, 0) == 0)
        return file;
    close(file);
    return -1;
}

/* One of the addresses leads to the root; others may lead to this host itself, or nowhere. */
static bool find_root(const struct wire_opening *opening, const struct invitation *invitation)
{
    int me;
    MPI_Comm_rank(opening->comm, &me);
    for (int i = 0; i < invitation->addresses; i++) {
        struct greeting greeting;
        int file = call(&invitation->address[i]);
        if (file < 0)
            continue;
        bool found = greet(file, invitation, me) && hear_greeting(file, &greeting) &&
                     knows(&greeting, invitation) && greeting.rank == opening->root;
        watch_network(file, opening->silence);
        if (found && opening->take(opening->closure, opening->root, file))
            return true;
        close(file);
    }
    return false;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* The root lets others in until all have called, which it hears when they say how it went. */
static int listen_until_all_called(const struct wire_opening *opening,
                                   const struct invitation *invitation, int listening, int mine,
                                   int *all)
{
    MPI_Request request;
    struct patience waiting = {.spin = false};
    int over = 0, code = MPI_Iallreduce(&mine, all, 1, MPI_INT, MPI_MIN, opening->comm, &request);
    while (code == MPI_SUCCESS && !over) {
        if (listening >= 0)
            admit(opening, invitation, listening);
        code = MPI_Test(&request, &over, MPI_STATUS_IGNORE);
        if (!over)
            rpi_patience_wait(&waiting);
    }
    return code;
}

rp_status rpi_wire_open(const struct wire_opening *opening, bool *connected, rp_error *error)
{
    struct invitation invitation = {.addresses = 0};
    int me, all = 0, listening = -1;
    MPI_Comm_rank(opening->comm, &me);
    if (me == opening->root && opening->ready)
        listening = invite(&invitation);
    int code = MPI_Bcast(&invitation, sizeof invitation, MPI_BYTE, opening->root, opening->comm);
    int mine = opening->ready && invitation.addresses > 0;
    if (mine && opening->outside)
        mine = find_root(opening, &invitation);
    if (code == MPI_SUCCESS)
        code = listen_until_all_called(opening, &invitation, listening, mine, &all);
    if (listening >= 0)
        close(listening);
    *connected = code == MPI_SUCCESS && all != 0;
    return rpi_mpi_check(code, "MPI_Iallreduce", error);
}
