/* TCP links of nodes whose leaders die and are succeeded. */
#include "suites.h"

#include "base/clock.h"
#include "comm/tcp_link.h"
#include "comm/topology.h"
#include "tcp_calls.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
    leader->file = tcp_call(leader->acceptor, leader->rank);
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
    ck_assert(tcp_call_refused(lead(&nodes, 1)) && tcp_call_refused(lead(&nodes, 2)));
    send_frame(second, TCP_LINK_MESSAGE, 5);
    while (nodes.received[2] == 0)
        rpi_tcp_links_wait(links, 0.01);
    ck_assert(nodes.changes == 3 && links->living == 1 && rpi_tcp_links_lost(links, 1) == 1);
    close(first);
    close(second);
    rpi_tcp_links_close(links, 0);
}
END_TEST

/* A node whose link has broken lives while it may get another leader. It is dead at once if its
 * last rank has led it, if it has said that it closes the pool, or if it has reported all others
 * dead. */
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
        ck_assert(tcp_call_refused(lead(&nodes, 3)) && links->living == 0);
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
    bool ended = tcp_call_refused(file);
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

static void *member_look_often(void *closure)
{
    struct member *member = closure;
    struct liveness liveness = {.place = member->place, .me = member->me, .members = 3};
    member->joined = true;
    while (!member->over)
        rpi_liveness_look(&liveness);
    return NULL;
}

/* Two members look at once: one holds the lock of the dead one, which is busy for the other. */
START_TEST(a_death_is_confirmed_while_another_looks)
{
    const size_t align = 4096, bytes = (rpi_liveness_bytes(3) + align - 1) / align * align;
    struct liveness_entry *place = aligned_alloc(align, bytes);
    for (int round = 0; round < 300; round++) {
        struct member dying, looking = {.place = place, .me = 1};
        struct liveness mine = {.place = place, .me = 2, .members = 3};
        memset(place, 0, bytes);
        ck_assert(rpi_liveness_prepare(place, 3));
        member_begin(&dying, place, 0);
        ck_assert_int_eq(pthread_create(&looking.thread, NULL, member_look_often, &looking), 0);
        while (!looking.joined)
            sched_yield();
        dying.over = true;
        ck_assert(rpi_liveness_confirm(&mine, 0));
        member_die(&looking);
        member_die(&dying);
    }
    free(place);
}
END_TEST

static const struct test_case cases[] = {
    {"a leader is succeeded", &a_leader_is_succeeded},
    {"a node without leader may get one", &a_node_without_leader_may_get_one},
    {"a link ends although a child has it", &a_link_ends_although_a_child_has_it},
    {"ranks become the first in order", &ranks_become_the_first_in_order},
    {"a death is confirmed while another looks", &a_death_is_confirmed_while_another_looks},
    {NULL, NULL},
};
const struct test_group comm_tcp_leaders_tests = {"comm_tcp_leaders", cases};
