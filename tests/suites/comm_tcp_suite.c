/* TCP links: foreign connections, incoming and outgoing. */
#include "suites.h"

#include "base/clock.h"
#include "base/eventcount.h"
#include "comm/tcp_accept.h"
#include "comm/tcp_connect.h"
#include "comm/topology.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static int connect_as(const struct acceptor *acceptor, int rank)
{
    struct connecting connecting = {.key = acceptor->key,
                                    .rank = rank,
                                    .addresses = {acceptor->addresses[0]},
                                    .count = 1,
                                    .silence = 60};
    return rpi_tcp_link_connect(&connecting, &not_over);
}

/* Has the root confirmed this connection and closed it? Closes it, too. */
static bool is_refused(int file)
{
    char byte;
    struct pollfd look = {.fd = file, .events = POLLIN};
    bool ended = poll(&look, 1, 60000) == 1 && recv(file, &byte, 1, MSG_DONTWAIT) <= 0;
    close(file);
    return ended;
}

/* The second link of a rank is closed at once; the next rank's is accepted. */
START_TEST(a_rank_is_connected_once)
{
    static struct root root;
    root_begin(&root);
    int first = connect_as(&root.acceptor, 1), again = connect_as(&root.acceptor, 1);
    ck_assert(first >= 0 && again >= 0 && is_refused(again));
    int next = connect_as(&root.acceptor, 3);
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

/* Waits until both calls have arrived, answers them, and waits until each caller has sent its proof
 * or left. Returns the number of proofs. */
static int await_both(struct acceptor *acceptor)
{
    struct tcp_info info = {.tcpi_unacked = 0};
    socklen_t length = sizeof info;
    int proofs = 0;
    char byte;
    while (info.tcpi_unacked < 2) { /* of a listening socket: the connections not accepted */
        rpi_sleep(1e-3);
        ck_assert_int_eq(getsockopt(acceptor->listening[0], IPPROTO_TCP, TCP_INFO, &info, &length),
                         0);
    }
    rpi_acceptor_step(acceptor, 0); /* the rank may leave the second one at once */
    for (int i = 0; i < acceptor->waiting; i++) {
        struct pollfd look = {.fd = acceptor->callers[i].file, .events = POLLIN};
        ck_assert_int_eq(poll(&look, 1, 60000), 1);
        proofs += recv(look.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
    }
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

/* ---- leaders that succeed each other --------------------------------------------------------- */

/* A root, rank 0, and another node, of ranks 1, 2 and 3. What arrives from these is added up. */
struct two_nodes {
    struct world world;
    struct tcp_links tcp_links;
    int received[4], changes;
};

/* A rank of the other node that connects. */
struct leader {
    const struct acceptor *acceptor;
    int rank, file;
    _Atomic bool over;
};

static bool note_frame(void *closure, int from, const void *bytes, size_t count)
{
    struct two_nodes *nodes = closure;
    ck_assert_uint_eq(count, 5);
    ck_assert_int_eq(memcmp(bytes, "hello", 5), 0);
    nodes->received[from]++;
    return true;
}

static void note_change(void *closure, int node)
{
    ck_assert_int_eq(node, 1);
    ((struct two_nodes *)closure)->changes++;
}

static void two_nodes_begin(struct two_nodes *nodes)
{
    static int node_of[] = {0, 1, 1, 1}, node_first[] = {0, 1, 4}, by_node[] = {0, 1, 2, 3};
    *nodes = (struct two_nodes){.world = {.ranks = 4,
                                          .nodes = 2,
                                          .node_of = node_of,
                                          .node_first = node_first,
                                          .by_node = by_node}};
    nodes->tcp_links =
        (struct tcp_links){.world = &nodes->world, .changed = note_change, .closure = nodes};
    ck_assert(rpi_tcp_links_allocate(&nodes->tcp_links));
    ck_assert(rpi_tcp_links_listen(&nodes->tcp_links, true, 60));
    rpi_tcp_links_set_handler(&nodes->tcp_links, TCP_LINK_MESSAGE, note_frame, nodes);
}

static void *leader_connect(void *closure)
{
    struct leader *leader = closure;
    leader->file = connect_as(leader->acceptor, leader->rank);
    leader->over = true;
    return NULL;
}

/* Returns the connection of this rank. */
static int lead(struct two_nodes *nodes, int rank)
{
    struct leader leader = {.acceptor = &nodes->tcp_links.acceptor, .rank = rank};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, leader_connect, &leader), 0);
    while (!leader.over)
        rpi_tcp_links_wait(&nodes->tcp_links, 1e-3);
    pthread_join(thread, NULL);
    ck_assert_int_ge(leader.file, 0);
    return leader.file;
}

/* Waits until the link to the other node has broken. Returns whether a rank of it may succeed. */
static bool awaits_leader(struct two_nodes *nodes, int rank)
{
    struct tcp_links *links = &nodes->tcp_links;
    while (links->leaderless == 0 && rpi_tcp_links_lost(links, 1) < 3)
        rpi_tcp_links_wait(links, 0.01);
    ck_assert_int_eq(links->living, links->leaderless);
    ck_assert(!rpi_tcp_links_whole(links, rank));
    return rpi_tcp_links_leaderless(links, 1);
}

/* Sends a frame, or the first bytes of one. */
static void send_frame(int file, enum tcp_link_kind kind, size_t bytes)
{
    struct {
        uint64_t kind, bytes;
        char text[8];
    } frame = {(uint64_t)kind, bytes < 5 ? bytes : 5, "hello"};
    size_t length = 16 + bytes;
    ck_assert_int_eq(send(file, &frame, length, MSG_NOSIGNAL), (int)length);
}

/* The next leader begins anew, whatever of the one before it arrives how late; that one's frames
 * come first, its half frame not at all, and it cannot come back. */
START_TEST(a_leader_is_succeeded)
{
    static struct two_nodes nodes;
    two_nodes_begin(&nodes);
    struct tcp_links *links = &nodes.tcp_links;
    int first = lead(&nodes, 1);
    ck_assert(rpi_tcp_links_whole(links, 1) && !rpi_tcp_links_whole(links, 2));
    for (int i = 0; i < 100; i++)
        send_frame(first, TCP_LINK_MESSAGE, 5);
    ck_assert_int_eq(send(first, "half a frame", 12, MSG_NOSIGNAL), 12);
    int second = lead(&nodes, 2); /* before the end of the first has arrived */
    ck_assert(!rpi_tcp_links_whole(links, 1) && rpi_tcp_links_whole(links, 2));
    ck_assert_int_eq(nodes.received[1], 100);
    ck_assert(is_refused(lead(&nodes, 1)) && is_refused(lead(&nodes, 2)));
    send_frame(second, TCP_LINK_MESSAGE, 5);
    while (nodes.received[2] == 0)
        rpi_tcp_links_wait(links, 0.01);
    ck_assert(nodes.changes == 3 && links->living == 1 && rpi_tcp_links_lost(links, 1) == 1);
    close(first);
    close(second);
    rpi_tcp_links_close(links, 0);
}
END_TEST

/* A node whose link has broken lives while it may get another leader. It is dead at once if its last
 * rank has led it, if it has said that it closes the pool, or if it has reported all others dead. */
START_TEST(a_node_without_leader_may_get_one)
{
    static struct two_nodes nodes;
    for (int way = 0; way < 3; way++) {
        two_nodes_begin(&nodes);
        struct tcp_links *links = &nodes.tcp_links;
        close(lead(&nodes, 1));
        ck_assert(awaits_leader(&nodes, 1));
        int pending = 0, last = way == 0 ? 3 : 2; /* the second may have had no time to connect */
        rpi_tcp_links_send(links, 1, TCP_LINK_PAYLOAD, NULL, 0, "lost", 4, &pending);
        ck_assert_int_eq(pending, 0);
        int file = lead(&nodes, last);
        ck_assert(links->leaderless == 0 && rpi_tcp_links_whole(links, last));
        if (way == 1)
            send_frame(file, TCP_LINK_OVER, 0);
        if (way == 2)
            rpi_tcp_links_report_lost(links, 1, 2);
        close(file);
        ck_assert(!awaits_leader(&nodes, last));
        ck_assert(is_refused(lead(&nodes, 3)) && links->living == 0);
        rpi_tcp_links_close(links, 60);
    }
}
END_TEST

/* A child of the program has copies of all files. */
START_TEST(a_link_ends_although_a_child_has_it)
{
    static struct two_nodes nodes;
    two_nodes_begin(&nodes);
    int file = lead(&nodes, 1);
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    rpi_tcp_links_reject(&nodes.tcp_links, 1);
    bool ended = is_refused(file);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert(child > 0 && ended);
    rpi_tcp_links_close(&nodes.tcp_links, 0);
}
END_TEST

/* A rank of a node, in a thread, that dies when it is `over`. */
struct member {
    struct liveness_entry *place;
    int me;
    _Atomic bool joined, over;
    pthread_t thread;
};

static void *member_live(void *closure)
{
    struct member *member = closure;
    struct liveness liveness;
    ck_assert(rpi_liveness_join(&liveness, member->place, 3, member->me, member->me));
    member->joined = true;
    while (!member->over)
        rpi_sleep(1e-3);
    rpi_liveness_release(&liveness); /* only the thread is to end */
    return NULL;
}

static void member_begin(struct member *member, struct liveness_entry *place, int me)
{
    *member = (struct member){.place = place, .me = me};
    ck_assert_int_eq(pthread_create(&member->thread, NULL, member_live, member), 0);
    while (!member->joined)
        rpi_sleep(1e-3);
}

static void member_die(struct member *member)
{
    member->over = true;
    pthread_join(member->thread, NULL);
}

/* A rank is the first of its node once all before it have died, in whatever order. */
START_TEST(ranks_become_the_first_in_order)
{
    const size_t align = 4096, bytes = (rpi_liveness_bytes(3) + align - 1) / align * align;
    for (int earlier = 0; earlier < 2; earlier++) {
        struct liveness_entry *place = aligned_alloc(align, bytes);
        struct member members[2];
        struct liveness mine;
        memset(place, 0, bytes);
        ck_assert(rpi_liveness_prepare(place, 3));
        for (int i = 0; i < 2; i++)
            member_begin(&members[i], place, i);
        ck_assert(rpi_liveness_join(&mine, place, 3, 2, 2) && !rpi_liveness_first(&mine));
        member_die(&members[earlier]);
        ck_assert(!rpi_liveness_first(&mine));
        member_die(&members[1 - earlier]);
        ck_assert(rpi_liveness_first(&mine));
        rpi_liveness_leave(&mine);
        free(place);
    }
}
END_TEST

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
    {"a leader is succeeded", &a_leader_is_succeeded},
    {"a node without leader may get one", &a_node_without_leader_may_get_one},
    {"a link ends although a child has it", &a_link_ends_although_a_child_has_it},
    {"ranks become the first in order", &ranks_become_the_first_in_order},
    {"own addresses are known", &own_addresses_are_known},
    {NULL, NULL},
};
const struct test_group comm_tcp_tests = {"comm_tcp", cases};
