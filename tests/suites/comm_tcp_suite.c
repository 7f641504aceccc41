/* TCP links: foreign connections, incoming and outgoing. */
#include "suites.h"

#include "base/clock.h"
#include "base/eventcount.h"
#include "comm/tcp_accept.h"
#include "comm/tcp_connect.h"
#include "comm/topology.h"
#include "tcp_calls.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct siphash_key key = {{1, 2}};
static const _Atomic bool not_over;

/* ---- strangers that connect ------------------------------------------------------------------ */

/* Behaviour of strangers. */
enum manner {
    NOBODY,
    SILENT,
    DRIPPING,
    GARBAGE,
    CRAFTED, /* a valid hello without a proof */
    MANNERS
};

/* A thread that connects strangers to every port on which this process starts to listen. */
struct strangers {
    enum manner manner;
    int count;
    _Atomic bool over;
    pthread_t thread;
    bool known[1024];
    int files[1024], connected;
};

static bool listens(int file, struct sockaddr_in *address)
{
    int yes = 0;
    socklen_t length = sizeof yes;
    if (getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) != 0 || !yes)
        return false;
    length = sizeof *address;
    return getsockname(file, (struct sockaddr *)address, &length) == 0 &&
           address->sin_family == AF_INET;
}

static void be_rude(int file, enum manner manner)
{
    static const unsigned char crafted[32] = {0x52, 0x61, 0x6e, 0x6b, 0x50, 0x6f, 0x6f, 0x6c, 1};
    unsigned char garbage[1000];
    memset(garbage, 0xff, sizeof garbage);
    if (manner == GARBAGE)
        send(file, garbage, sizeof garbage, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (manner == CRAFTED)
        send(file, crafted, sizeof crafted, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void visit(struct strangers *strangers, const struct sockaddr_in *address)
{
    for (int i = 0; i < strangers->count && strangers->connected < 1024; i++) {
        int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (file >= 0 && connect(file, (const struct sockaddr *)address, sizeof *address) == 0) {
            be_rude(file, strangers->manner);
            strangers->files[strangers->connected++] = file;
        } else if (file >= 0) {
            close(file);
        }
    }
}

static void *intrude(void *argument)
{
    struct strangers *strangers = argument;
    while (!strangers->over) {
        struct sockaddr_in address;
        for (int file = 0; file < 1024; file++) {
            bool new = listens(file, &address) && !strangers->known[file];
            strangers->known[file] = strangers->known[file] || new;
            if (new)
                visit(strangers, &address);
        }
        for (int i = 0; i < strangers->connected && strangers->manner == DRIPPING; i++)
            send(strangers->files[i], "R", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        rpi_sleep(1e-3);
    }
    for (int i = 0; i < strangers->connected; i++)
        close(strangers->files[i]);
    return NULL;
}

/* Ports on which the process listens already are left alone. */
static void strangers_begin(struct strangers *strangers, enum manner manner, int count)
{
    struct sockaddr_in address;
    memset(strangers, 0, sizeof *strangers);
    strangers->manner = manner;
    strangers->count = manner == NOBODY ? 0 : count;
    for (int file = 0; file < 1024; file++)
        strangers->known[file] = listens(file, &address);
    ck_assert_int_eq(pthread_create(&strangers->thread, NULL, intrude, strangers), 0);
}

static int strangers_end(struct strangers *strangers)
{
    strangers->over = true;
    pthread_join(strangers->thread, NULL);
    return strangers->connected;
}

/* Opens links from all other ranks to rank 0, with `count` strangers connected. */
static void open_links(enum manner manner, int count)
{
    static struct strangers strangers;
    static int numbers[1024];
    struct tcp_links tcp_links;
    bool connected = false;
    for (int i = 0; i <= world_ranks(); i++)
        numbers[i] = i;
    const struct world world = {.comm = MPI_COMM_WORLD,
                                .node_comm = MPI_COMM_SELF,
                                .rank = world_rank(),
                                .ranks = world_ranks(),
                                .nodes = world_ranks(),
                                .node = world_rank(),
                                .node_of = numbers,
                                .node_first = numbers,
                                .by_node = numbers};
    rp_error error;
    if (world_rank() == 0)
        strangers_begin(&strangers, manner, count);
    MPI_Barrier(MPI_COMM_WORLD);
    rp_status status = rpi_tcp_links_open(&tcp_links, &world, 60, true, &connected, &error);
    ck_assert_int_eq(status, RP_OK);
    ck_assert_msg(connected, "not connected, with %d strangers of kind %d: %s", count, (int)manner,
                  tcp_links.why_not);
    for (int rank = 1; rank < world_ranks() && world_rank() == 0; rank++)
        ck_assert(rpi_tcp_links_whole(&tcp_links, rank));
    MPI_Barrier(MPI_COMM_WORLD);
    rpi_tcp_links_close(&tcp_links, 0);
    if (world_rank() == 0)
        strangers_end(&strangers);
}

/* Strangers are not waited for. Silent ones are dropped after 5 seconds: one after the other, so
 * many would take longer than the minute in which links must be open. */
START_TEST(strangers_cost_nothing)
{
    open_links(NOBODY, 0);
    for (enum manner manner = SILENT; manner < MANNERS; manner++) {
        open_links(manner, 50);
        open_links(manner, 200);
    }
}
END_TEST

/* ---- fake roots ------------------------------------------------------------------------------ */

/* A root on the loopback interface that accepts connections until `over`. */
struct root {
    struct acceptor acceptor;
    bool taken[4];
    int files[4], count;
    _Atomic bool over;
    pthread_t thread;
};

static bool take_once(void *closure, int rank, int file)
{
    struct root *root = closure;
    if (root->taken[rank])
        return false;
    root->taken[rank] = true;
    root->files[root->count++] = file;
    return true;
}

static void *accept_callers(void *argument)
{
    struct root *root = argument;
    while (!root->over)
        rpi_acceptor_step(&root->acceptor, 1);
    return NULL;
}

static void root_begin(struct root *root)
{
    memset(root, 0, sizeof *root);
    root->acceptor.ranks = 4;
    root->acceptor.take = take_once;
    root->acceptor.closure = root;
    ck_assert(rpi_acceptor_open(&root->acceptor, true));
    ck_assert_int_eq(pthread_create(&root->thread, NULL, accept_callers, root), 0);
}

static void root_end(struct root *root)
{
    root->over = true;
    pthread_join(root->thread, NULL);
    rpi_acceptor_close(&root->acceptor);
    for (int i = 0; i < root->count; i++)
        close(root->files[i]);
}

/* Accepts a connection and echoes what it receives. */
struct fake {
    struct sockaddr_in address;
    int listening;
    _Atomic bool over;
    pthread_t thread;
    unsigned char got[256];
    size_t count;
};

static void *echo(void *argument)
{
    struct fake *fake = argument;
    int file = -1;
    while (!fake->over) {
        if (file < 0)
            file = accept4(fake->listening, NULL, NULL, SOCK_NONBLOCK);
        ssize_t count = file >= 0 && fake->count == 0
                            ? recv(file, fake->got, sizeof fake->got, MSG_DONTWAIT)
                            : 0;
        if (count > 0) {
            send(file, fake->got, (size_t)count, MSG_NOSIGNAL);
            fake->count += (size_t)count;
        }
        rpi_sleep(1e-3);
    }
    if (file >= 0)
        close(file);
    return NULL;
}

static void fake_begin(struct fake *fake)
{
    socklen_t length = sizeof fake->address;
    memset(fake, 0, sizeof *fake);
    fake->address.sin_family = AF_INET;
    fake->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fake->listening, (struct sockaddr *)&fake->address, length), 0);
    ck_assert_int_eq(listen(fake->listening, 8), 0);
    ck_assert_int_eq(getsockname(fake->listening, (struct sockaddr *)&fake->address, &length), 0);
    ck_assert_int_eq(pthread_create(&fake->thread, NULL, echo, fake), 0);
}

static void fake_end(struct fake *fake)
{
    fake->over = true;
    pthread_join(fake->thread, NULL);
    close(fake->listening);
}

static bool contains(const unsigned char *bytes, size_t count, const void *part, size_t part_bytes)
{
    bool found = false;
    for (size_t i = 0; i + part_bytes <= count && !found; i++)
        found = memcmp(bytes + i, part, part_bytes) == 0;
    return found;
}

/* A fake root learns nothing about the key, and the caller finds the real root behind it. */
START_TEST(a_fake_root_learns_nothing)
{
    static struct root root;
    static struct fake fake;
    root_begin(&root);
    fake_begin(&fake);
    struct connecting connecting = {.key = root.acceptor.key,
                                    .rank = 2,
                                    .addresses = {fake.address, root.acceptor.addresses[0]},
                                    .count = 2,
                                    .silence = 60};
    int file = rpi_tcp_link_connect(&connecting, &not_over);
    ck_assert_int_ge(file, 0);
    close(file);
    fake_end(&fake);
    root_end(&root);
    ck_assert(root.taken[2]);
    for (int i = 0; i < 2; i++)
        ck_assert(!contains(fake.got, fake.count, &root.acceptor.key.words[i], sizeof(uint64_t)));
}
END_TEST

/* If there is no other address, the caller gives up at once. */
START_TEST(a_fake_root_is_nobodys_root)
{
    static struct fake fake;
    fake_begin(&fake);
    struct connecting connecting = {
        .key = key, .rank = 2, .addresses = {fake.address}, .count = 1, .silence = 60};
    double begin = rpi_clock_seconds();
    ck_assert_int_eq(rpi_tcp_link_connect(&connecting, &not_over), -1);
    ck_assert(rpi_clock_seconds() - begin < 30);
    fake_end(&fake);
    ck_assert_int_gt(fake.count, 0);
}
END_TEST

/* The second link of a rank is closed at once; the next rank's is accepted. */
START_TEST(a_rank_is_connected_once)
{
    static struct root root;
    root_begin(&root);
    int first = tcp_call(&root.acceptor, 1), again = tcp_call(&root.acceptor, 1);
    ck_assert(first >= 0 && again >= 0 && tcp_call_refused(again));
    int next = tcp_call(&root.acceptor, 3);
    root_end(&root);
    close(first);
    close(next);
    ck_assert_int_ge(next, 0);
    ck_assert_int_eq(root.count, 2);
    ck_assert(root.taken[1] && root.taken[3]);
}
END_TEST

/* ---- several addresses of one root ----------------------------------------------------------- */

/* A rank that calls the same root at two addresses, here the same one twice. */
struct caller_twice {
    struct connecting connecting;
    int file;
    _Atomic bool over;
};

static void *call_twice(void *closure)
{
    struct caller_twice *caller = closure;
    caller->file = rpi_tcp_link_connect(&caller->connecting, &not_over);
    caller->over = true;
    return NULL;
}

/* Answers a caller, whose first message may still be on its way, and waits until it has sent its
 * proof or left. Returns whether it sent it. */
static bool sends_proof(struct caller *caller)
{
    struct pollfd look = {.fd = caller->file, .events = POLLIN};
    char byte;
    while (caller->handshake.awaited == 2) {
        ck_assert_int_eq(poll(&look, 1, 60000), 1);
        if (rpi_handshake_step(&caller->handshake, caller->file) == HANDSHAKE_FAILED)
            return false;
    }
    if (caller->handshake.awaited == 0)
        return true;
    ck_assert_int_eq(poll(&look, 1, 60000), 1);
    return recv(look.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

/* Waits until both connections have arrived, and answers them. Returns the number of proofs. */
static int await_both(struct acceptor *acceptor)
{
    struct tcp_info info = {.tcpi_unacked = 0};
    socklen_t length = sizeof info;
    int proofs = 0;
    while (info.tcpi_unacked < 2) { /* of a listening socket: the connections not accepted */
        rpi_sleep(1e-3);
        ck_assert_int_eq(getsockopt(acceptor->listening[0], IPPROTO_TCP, TCP_INFO, &info, &length),
                         0);
    }
    rpi_acceptor_step(acceptor, 0); /* the rank may leave the second one at once */
    for (int i = 0; i < acceptor->waiting; i++)
        proofs += sends_proof(&acceptor->callers[i]);
    return proofs;
}

/* The link that a late root takes is the one that the rank keeps. */
START_TEST(two_addresses_give_one_link)
{
    static struct root root;
    static struct caller_twice caller;
    pthread_t thread;
    root.acceptor = (struct acceptor){.ranks = 4, .take = take_once, .closure = &root};
    ck_assert(rpi_acceptor_open(&root.acceptor, true));
    const struct sockaddr_in *address = &root.acceptor.addresses[0];
    caller.connecting = (struct connecting){.key = root.acceptor.key,
                                            .rank = 1,
                                            .addresses = {*address, *address},
                                            .count = 2,
                                            .silence = 60};
    ck_assert_int_eq(pthread_create(&thread, NULL, call_twice, &caller), 0);
    ck_assert_int_le(await_both(&root.acceptor), 1);
    while (!caller.over)
        rpi_acceptor_step(&root.acceptor, 1);
    pthread_join(thread, NULL);
    ck_assert_int_ge(caller.file, 0);
    ck_assert_int_eq(root.count, 1);
    char byte = 1;
    ck_assert_int_eq(send(root.files[0], &byte, 1, MSG_NOSIGNAL), 1);
    struct pollfd look = {.fd = caller.file, .events = POLLIN};
    ck_assert_int_eq(poll(&look, 1, 60000), 1);
    ck_assert_int_eq(recv(caller.file, &byte, 1, MSG_DONTWAIT), 1);
    rpi_acceptor_close(&root.acceptor);
    close(root.files[0]);
    close(caller.file);
}
END_TEST

/* ---- addresses of this host ------------------------------------------------------------------ */

/* Whether rank 0 has the same bytes. Collective. */
static bool is_roots(const void *mine, size_t bytes)
{
    unsigned char roots[256];
    memcpy(roots, mine, bytes);
    MPI_Bcast(roots, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
    return memcmp(roots, mine, bytes) == 0;
}

/* Ranks of one host are in one network; nodes may be in one or not. */
START_TEST(own_addresses_are_known)
{
    struct sockaddr_in address = {.sin_family = AF_INET}, all[ADDRESSES];
    int count = 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 5);
    ck_assert(rpi_addresses_own(&address));
    address.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, an address that no host has */
    ck_assert(!rpi_addresses_own(&address));
    rpi_addresses_add(all, &count, false);
    for (int i = 0; i < count; i++)
        ck_assert(rpi_addresses_own(&all[i]));
    char host[256] = "";
    uint64_t network = rpi_network_identity();
    ck_assert_int_eq(gethostname(host, sizeof host - 1), 0);
    bool same_host = is_roots(host, sizeof host);
    ck_assert(is_roots(&network, sizeof network) || !same_host);
}
END_TEST

static const struct test_case cases[] = {
    {"strangers cost nothing", &strangers_cost_nothing},
    {"a fake root learns nothing", &a_fake_root_learns_nothing},
    {"a fake root is nobody's root", &a_fake_root_is_nobodys_root},
    {"a rank is connected once", &a_rank_is_connected_once},
    {"two addresses give one link", &two_addresses_give_one_link},
    {"own addresses are known", &own_addresses_are_known},
    {NULL, NULL},
};
const struct test_group comm_tcp_tests = {"comm_tcp", cases};
