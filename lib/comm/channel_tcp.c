/* The channel over TCP links. Any rank may lead its node: the root learns from its first message
 * which one does. It leads for the life of the channel: one that succeeds it takes no part. A
 * payload arrives completely or not at all. */
#include "base/error.h"
#include "comm/channel.h"
#include "comm/topology.h"

#include <stdlib.h>
#include <string.h>

struct tcp_item { /* received */
    struct tcp_item *next;
    bool message; /* or a payload, whose message precedes it */
    int from;
    size_t count;
    char bytes[];
};

struct tcp_expectation { /* of a payload */
    struct tcp_expectation *next;
    int from;
    void *memory;
    size_t bytes;
    int *pending;
};

struct tcp_channel {
    struct channel channel;
    struct hub *hub;
    struct tcp_item *first, *last;
    struct tcp_expectation *expected;
    int leaders[]; /* by node: the rank, or -1: unknown */
};

/* Queues a received item. False: no memory. */
static bool item_queue(struct tcp_channel *channel, bool message, int from, const void *bytes,
                       size_t count)
{
    struct tcp_item *item = malloc(sizeof *item + count);
    if (item == NULL)
        return false;
    *item = (struct tcp_item){.message = message, .from = from, .count = count};
    memcpy(item->bytes, bytes, count);
    if (channel->first == NULL)
        channel->first = item;
    else
        channel->last->next = item;
    channel->last = item;
    return true;
}

/* A message of another length is late: it belongs to a job of another kind. */
static bool message_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct tcp_channel *channel = closure;
    return count != channel->channel.message_bytes || item_queue(channel, true, from, bytes, count);
}

static bool message_unread(const struct tcp_channel *channel, int from)
{
    const struct tcp_item *item = channel->first;
    while (item != NULL && !(item->message && item->from == from))
        item = item->next;
    return item != NULL;
}

/* A payload matches the first expectation from its sender. Without one it belongs to a dropped
 * message; or to a message still unread, and then it is queued behind that. */
static bool payload_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct tcp_channel *channel = closure;
    struct tcp_expectation **place = &channel->expected;
    while (*place != NULL && (*place)->from != from)
        place = &(*place)->next;
    struct tcp_expectation *expectation = *place;
    if (message_unread(channel, from))
        return item_queue(channel, false, from, bytes, count);
    if (expectation == NULL)
        return true;
    if (count != expectation->bytes)
        return false; /* the expected payload never arrives */
    *place = expectation->next;
    memcpy(expectation->memory, bytes, count);
    *expectation->pending -= 1;
    free(expectation);
    return true;
}

/* Removes the item behind `before` from the queue. */
static struct tcp_item *item_remove(struct tcp_channel *channel, struct tcp_item *before)
{
    struct tcp_item **place = before != NULL ? &before->next : &channel->first, *item = *place;
    *place = item->next;
    if (item->next == NULL)
        channel->last = before;
    return item;
}

static int tcp_channel_message(struct channel *base, int node, const void *message)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    base->messages_sent++;
    base->bytes_sent += (int64_t)base->message_bytes;
    return rpi_tcp_links_send(&channel->hub->tcp_links, channel->leaders[node], TCP_LINK_MESSAGE,
                              message, base->message_bytes, NULL, 0, NULL)
               ? MPI_SUCCESS
               : MPI_ERR_NO_MEM;
}

static int tcp_channel_payload(struct channel *base, int node, enum channel_id id,
                               const void *memory, size_t bytes, int *pending)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    (void)id;
    base->bytes_sent += (int64_t)bytes;
    return bytes == 0 || rpi_tcp_links_send(&channel->hub->tcp_links, channel->leaders[node],
                                            TCP_LINK_PAYLOAD, NULL, 0, memory, bytes, pending)
               ? MPI_SUCCESS
               : MPI_ERR_NO_MEM;
}

/* Has the payload arrived already, behind the last message read from that rank? */
static bool payload_take(struct tcp_channel *channel, int from, void *memory, size_t bytes)
{
    struct tcp_item *before = NULL, *item = channel->first;
    while (item != NULL && item->from != from) {
        before = item;
        item = item->next;
    }
    if (item == NULL || item->message)
        return false;
    bool fits = item->count == bytes;
    if (fits)
        memcpy(memory, item->bytes, bytes);
    else
        rpi_tcp_links_reject(&channel->hub->tcp_links, from); /* the payload never arrives */
    free(item_remove(channel, before));
    return fits;
}

static int tcp_channel_expect(struct channel *base, int node, enum channel_id id, void *memory,
                              size_t bytes, int *pending)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    struct tcp_expectation **place = &channel->expected;
    int from = channel->leaders[node];
    (void)id;
    if (bytes == 0 || payload_take(channel, from, memory, bytes))
        return MPI_SUCCESS;
    struct tcp_expectation *expectation = malloc(sizeof *expectation);
    if (expectation == NULL)
        return MPI_ERR_NO_MEM;
    *expectation = (struct tcp_expectation){
        .from = from, .memory = memory, .bytes = bytes, .pending = pending};
    while (*place != NULL)
        place = &(*place)->next;
    *place = expectation;
    *pending += 1;
    return MPI_SUCCESS;
}

/* Cancels all expectations from that rank. */
static void expectations_drop(struct tcp_channel *channel, int from)
{
    for (struct tcp_expectation **place = &channel->expected; *place != NULL;) {
        struct tcp_expectation *expectation = *place;
        if (expectation->from != from) {
            place = &expectation->next;
            continue;
        }
        *place = expectation->next;
        *expectation->pending -= 1;
        free(expectation);
    }
}

/* Payloads in front of the next message belong to dropped messages. */
static int tcp_channel_next(struct channel *base, int *from, void *message)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    *from = -1;
    while (channel->first != NULL && !channel->first->message)
        free(item_remove(channel, NULL));
    if (channel->first == NULL)
        return MPI_SUCCESS;
    struct tcp_item *item = item_remove(channel, NULL);
    *from = item->from;
    memcpy(message, item->bytes, base->message_bytes);
    free(item);
    return MPI_SUCCESS;
}

static bool channel_on_root(const struct tcp_channel *channel)
{
    return channel->hub->world->rank == channel->hub->world->root;
}

static int tcp_channel_leads(struct channel *base, int from)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    int node = channel->hub->world->node_of[from];
    if (channel->leaders[node] < 0 && channel_on_root(channel))
        channel->leaders[node] = from;
    return channel->leaders[node] == from ? node : -1;
}

static enum channel_leader tcp_channel_leader(const struct channel *base, int node)
{
    const struct tcp_channel *channel = (const struct tcp_channel *)base;
    int rank = channel->leaders[node];
    const struct tcp_links *tcp_links = &channel->hub->tcp_links;
    if (rank < 0 || rpi_tcp_links_leaderless(tcp_links, node))
        return LEADER_UNKNOWN;
    bool lives = rank == channel->hub->world->rank || rpi_tcp_links_whole(tcp_links, rank);
    return lives ? LEADER_LIVES : LEADER_DEAD;
}

static void tcp_channel_reject(struct channel *base, int node)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    rpi_tcp_links_reject(&channel->hub->tcp_links, channel->leaders[node]);
}

static int tcp_channel_step(struct channel *channel)
{
    rpi_tcp_links_step(&((struct tcp_channel *)channel)->hub->tcp_links);
    return MPI_SUCCESS;
}

/* A node is gone if it is dead, or its leader, or if it has joined the agreement that ends the
 * job. */
static int tcp_channel_changed(struct channel *base, bool *gone)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    struct hub *hub = channel->hub;
    int root_node = hub->world->root_node;
    *gone = true;
    if (!channel_on_root(channel))
        return tcp_channel_leader(base, root_node) == LEADER_DEAD ? root_node : -1;
    int node = rpi_hub_next_changed(hub);
    if (node < 0)
        return -1;
    *gone = !rpi_hub_lives(hub, node) || tcp_channel_leader(base, node) == LEADER_DEAD ||
            rpi_hub_received(hub, node, hub->answered + 1) != NULL;
    if (*gone && channel->leaders[node] >= 0)
        expectations_drop(channel, channel->leaders[node]);
    return node;
}

static bool tcp_channel_idle(const struct channel *base)
{
    const struct tcp_channel *channel = (const struct tcp_channel *)base;
    return channel->expected == NULL && channel->hub->tcp_links.sending == 0;
}

static void tcp_channel_close(struct channel *base)
{
    struct tcp_channel *channel = (struct tcp_channel *)base;
    rpi_tcp_links_set_handler(&channel->hub->tcp_links, TCP_LINK_MESSAGE, NULL, NULL);
    rpi_tcp_links_set_handler(&channel->hub->tcp_links, TCP_LINK_PAYLOAD, NULL, NULL);
    while (channel->first != NULL)
        free(item_remove(channel, NULL));
    while (channel->expected != NULL)
        expectations_drop(channel, channel->expected->from);
    free(channel);
}

static const struct channel_ops tcp_channel_ops = {
    .message = tcp_channel_message,
    .payload = tcp_channel_payload,
    .expect = tcp_channel_expect,
    .next = tcp_channel_next,
    .leads = tcp_channel_leads,
    .leader = tcp_channel_leader,
    .reject = tcp_channel_reject,
    .step = tcp_channel_step,
    .changed = tcp_channel_changed,
    .idle = tcp_channel_idle,
    .close = tcp_channel_close,
};

rp_status rpi_channel_open_tcp(struct world *world, size_t message_bytes, struct channel **channel,
                               rp_error *error)
{
    struct hub *hub = &world->hub;
    struct tcp_channel *made = calloc(1, sizeof *made + (size_t)world->nodes * sizeof(int));
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the messages between nodes");
    made->channel = (struct channel){.ops = &tcp_channel_ops, .message_bytes = message_bytes};
    made->hub = hub;
    for (int node = 0; node < world->nodes; node++)
        made->leaders[node] = -1;
    made->leaders[world->root_node] = world->root;
    if (channel_on_root(made))
        rpi_hub_review(hub);
    rpi_tcp_links_set_handler(&hub->tcp_links, TCP_LINK_MESSAGE, message_handle, made);
    rpi_tcp_links_set_handler(&hub->tcp_links, TCP_LINK_PAYLOAD, payload_handle, made);
    *channel = &made->channel;
    return RP_OK;
}
