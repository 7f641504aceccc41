/* What arrives over TCP links and is not valid: frames, payloads, and more than memory holds. */
#include "suites.h"

#include "base/clock.h"
#include "comm/channel.h"
#include "comm/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Each rank is a node, linked to rank 0. */
struct nodes_of_one {
    int node_of[64], node_first[65];
    struct world world;
};

static void hub_begin(struct nodes_of_one *nodes)
{
    bool open = false;
    rp_error error;
    int ranks = world_ranks();
    for (int i = 0; i <= ranks; i++)
        nodes->node_first[i] = i;
    for (int i = 0; i < ranks; i++)
        nodes->node_of[i] = i;
    nodes->world = (struct world){.comm = MPI_COMM_WORLD,
                                  .node_comm = MPI_COMM_SELF,
                                  .rank = world_rank(),
                                  .ranks = ranks,
                                  .nodes = ranks,
                                  .node = world_rank(),
                                  .node_of = nodes->node_of,
                                  .node_first = nodes->node_first,
                                  .by_node = nodes->node_of};
    ck_assert_int_eq(rpi_hub_open(&nodes->world.hub, &nodes->world, 60, &open, &error), RP_OK);
    ck_assert_msg(open, "%s", nodes->world.hub.tcp_links.why_not);
}

static void hub_end(struct nodes_of_one *nodes)
{
    MPI_Barrier(MPI_COMM_WORLD);
    rpi_hub_close(&nodes->world.hub, 0);
}

/* Waits on rank 0 until the links of all other ranks are broken, elsewhere until its own is. */
static void await_breaks(struct tcp_links *tcp_links)
{
    double begin = rpi_clock_seconds();
    for (int rank = 1; rank < world_ranks(); rank++) {
        while (rpi_tcp_links_whole(tcp_links, rank) && rpi_clock_seconds() - begin < 60)
            rpi_tcp_links_wait(tcp_links, 0.01);
        ck_assert_msg(!rpi_tcp_links_whole(tcp_links, rank), "the link to rank %d is whole", rank);
    }
}

/* Every other rank sends rank 0 a frame that is not valid there. */
static void send_nonsense(enum tcp_link_kind kind, size_t bytes)
{
    static struct nodes_of_one nodes;
    static const char zeros[10000];
    hub_begin(&nodes);
    struct tcp_links *tcp_links = &nodes.world.hub.tcp_links;
    if (world_rank() != 0)
        rpi_tcp_links_send(tcp_links, 0, kind, zeros, bytes, NULL, 0, NULL);
    await_breaks(tcp_links);
    hub_end(&nodes);
}

START_TEST(frames_without_sense_end_their_link)
{
    const uint32_t later = 5;
    send_nonsense(TCP_LINK_KINDS, 10);
    send_nonsense((enum tcp_link_kind)1000000, 10);
    send_nonsense(TCP_LINK_AGREEMENT, 0);
    send_nonsense(TCP_LINK_AGREEMENT, sizeof later + 3);

    static struct nodes_of_one nodes; /* a query about an agreement far in the future */
    hub_begin(&nodes);
    uint32_t heading[2] = {later, 0};
    nodes.world.hub.answered = 1;
    if (world_rank() != 0)
        rpi_tcp_links_send(&nodes.world.hub.tcp_links, 0, TCP_LINK_AGREEMENT, heading,
                           sizeof heading, NULL, 0, NULL);
    await_breaks(&nodes.world.hub.tcp_links);
    hub_end(&nodes);
}
END_TEST

/* Each change is reported once: on rank 0 that every other node is gone. */
static void check_all_gone(struct channel *channel)
{
    bool gone, reported[64] = {false};
    for (int i = 1; i < world_ranks() && world_rank() == 0; i++) {
        int node = channel->ops->changed(channel, &gone);
        ck_assert(node > 0 && node < world_ranks() && gone && !reported[node]);
        reported[node] = true;
    }
    ck_assert_int_eq(channel->ops->changed(channel, &gone), world_rank() == 0 ? -1 : 0);
}

/* A payload longer or shorter than its message announces, before and after the receive was
 * posted. */
START_TEST(payloads_of_another_length_end_their_link)
{
    enum {
        EXPECTED = 100
    };
    static struct nodes_of_one nodes;
    static const char bytes[2 * EXPECTED];
    for (int longer = 0; longer <= 1; longer++) {
        struct channel *channel;
        rp_error error;
        char memory[EXPECTED], before[EXPECTED];
        int pending = 0;
        memset(memory, 'm', EXPECTED);
        memcpy(before, memory, EXPECTED);
        hub_begin(&nodes);
        ck_assert_int_eq(rpi_channel_open_tcp(&nodes.world, 16, &channel, &error), RP_OK);
        for (int rank = 1; rank < world_ranks() && world_rank() == 0; rank++) {
            ck_assert_int_eq(channel->ops->leads(channel, rank), rank);
            ck_assert_int_eq(channel->ops->expect(channel, rank, CHANNEL_TO_ROOT, memory, EXPECTED,
                                                  &pending),
                             MPI_SUCCESS);
        }
        if (world_rank() != 0)
            channel->ops->payload(channel, 0, CHANNEL_TO_ROOT, bytes,
                                  longer ? 2 * EXPECTED : EXPECTED / 2, &pending);
        await_breaks(&nodes.world.hub.tcp_links);
        ck_assert_int_eq(memcmp(memory, before, EXPECTED), 0);
        check_all_gone(channel);
        ck_assert(world_rank() != 0 || pending == 0);
        channel->ops->close(channel);
        hub_end(&nodes);
    }
}
END_TEST

/* Limits the address space to `bytes` more than the process uses now. */
static void leave_memory(size_t bytes, struct rlimit *before)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert(file != NULL && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, before), 0);
    struct rlimit limit = *before;
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

/* Rank 0 has memory for one copy of the payload, not for two: it receives the head all the same. */
START_TEST(a_load_without_memory_is_cut)
{
    enum {
        LOAD = 64 << 20
    };
    static struct nodes_of_one nodes;
    struct rlimit before;
    const char head[] = "head";
    hub_begin(&nodes);
    struct hub *hub = &nodes.world.hub;
    if (world_rank() == 1) {
        char *load = calloc(1, LOAD);
        ck_assert_ptr_nonnull(load);
        const struct hub_message *answer = rpi_hub_ask(hub, 1, head, sizeof head, load, LOAD);
        ck_assert(answer != NULL && strcmp(answer->bytes, "done") == 0);
        free(load);
    } else if (world_rank() == 0 && world_ranks() > 1) {
        leave_memory(LOAD + LOAD / 2, &before);
        while (rpi_hub_received(hub, 1, 1) == NULL && rpi_hub_lives(hub, 1))
            rpi_tcp_links_wait(&hub->tcp_links, 0.1);
        setrlimit(RLIMIT_AS, &before);
        const struct hub_message *message = rpi_hub_received(hub, 1, 1);
        ck_assert(message != NULL && message->cut && message->count >= sizeof head);
        ck_assert_str_eq(message->bytes, head);
        rpi_hub_answer(hub, 1, "done", sizeof "done", NULL, 0);
    }
    hub_end(&nodes);
}
END_TEST

static const struct test_case cases[] = {
    {"frames without sense end their link", &frames_without_sense_end_their_link},
    {"payloads of another length end their link", &payloads_of_another_length_end_their_link},
    {"a load without memory is cut", &a_load_without_memory_is_cut},
    {NULL, NULL},
};
const struct test_group comm_tcp_frames_tests = {"comm_tcp_frames", cases};
