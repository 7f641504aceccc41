#include "comm/channel_tcp.h"

#include <stdlib.h>
#include <string.h>

struct tcp_item {
    struct tcp_item *next;
    bool message; /* or a payload, whose message precedes it */
    int from;
    size_t count;
    char bytes[];
};

struct tcp_expectation {
    struct tcp_expectation *next;
    int from;
    void *memory;
    size_t bytes;
    int *pending;
};

/* Queues a received item. Without memory the item is lost, and the link to its sender is broken. */
static void item_queue(struct tcp_channel *channel, bool message, int from, const void *bytes,
                       size_t count)
{
    struct tcp_item *item = malloc(sizeof *item + count);
    if (item == NULL) {
        rpi_tcp_links_reject(channel->tcp_links, from);
        return;
    }
    *item = (struct tcp_item){.message = message, .from = from, .count = count};
    memcpy(item->bytes, bytes, count);
    if (channel->first == NULL)
        channel->first = item;
    else
        channel->last->next = item;
    channel->last = item;
}

/* A message of another length is late: it belongs to a job of another kind. */
static void message_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct tcp_channel *channel = closure;
    if (count == channel->message_bytes)
        item_queue(channel, true, from, bytes, count);
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
static void payload_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct tcp_channel *channel = closure;
    struct tcp_expectation **place = &channel->expected;
    while (*place != NULL && (*place)->from != from)
        place = &(*place)->next;
    struct tcp_expectation *expectation = *place;
    if (message_unread(channel, from)) {
        item_queue(channel, false, from, bytes, count);
    } else if (expectation != NULL && count != expectation->bytes) {
        rpi_tcp_links_reject(channel->tcp_links, from); /* the expected payload never arrives */
    } else if (expectation != NULL) {
        *place = expectation->next;
        memcpy(expectation->memory, bytes, count);
        *expectation->pending -= 1;
        free(expectation);
    }
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

void rpi_tcp_channel_open(struct tcp_channel *channel, struct tcp_links *tcp_links,
                          size_t message_bytes)
{
    *channel = (struct tcp_channel){.tcp_links = tcp_links, .message_bytes = message_bytes};
    rpi_tcp_links_set_handler(tcp_links, TCP_LINK_MESSAGE, message_handle, channel);
    rpi_tcp_links_set_handler(tcp_links, TCP_LINK_PAYLOAD, payload_handle, channel);
}

void rpi_tcp_channel_close(struct tcp_channel *channel)
{
    if (channel->tcp_links == NULL)
        return;
    rpi_tcp_links_set_handler(channel->tcp_links, TCP_LINK_MESSAGE, NULL, NULL);
    rpi_tcp_links_set_handler(channel->tcp_links, TCP_LINK_PAYLOAD, NULL, NULL);
    while (channel->first != NULL)
        free(item_remove(channel, NULL));
    while (channel->expected != NULL)
        rpi_tcp_channel_forget(channel, channel->expected->from);
}

bool rpi_tcp_channel_message(struct tcp_channel *channel, int to, const void *message)
{
    return rpi_tcp_links_send(channel->tcp_links, to, TCP_LINK_MESSAGE, message,
                              channel->message_bytes, NULL, 0, NULL);
}

bool rpi_tcp_channel_payload(struct tcp_channel *channel, int to, const void *memory, size_t bytes,
                             int *pending)
{
    return bytes == 0 || rpi_tcp_links_send(channel->tcp_links, to, TCP_LINK_PAYLOAD, NULL, 0,
                                            memory, bytes, pending);
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
        rpi_tcp_links_reject(channel->tcp_links, from); /* the expected payload never arrives */
    free(item_remove(channel, before));
    return fits;
}

bool rpi_tcp_channel_expect(struct tcp_channel *channel, int from, void *memory, size_t bytes,
                            int *pending)
{
    struct tcp_expectation **place = &channel->expected;
    if (bytes == 0 || payload_take(channel, from, memory, bytes))
        return true;
    struct tcp_expectation *expectation = malloc(sizeof *expectation);
    if (expectation == NULL)
        return false;
    *expectation = (struct tcp_expectation){
        .from = from, .memory = memory, .bytes = bytes, .pending = pending};
    while (*place != NULL)
        place = &(*place)->next;
    *place = expectation;
    *pending += 1;
    return true;
}

/* Payloads in front of the next message belong to dropped messages. */
void rpi_tcp_channel_next(struct tcp_channel *channel, int *from, void *message)
{
    *from = -1;
    while (channel->first != NULL && !channel->first->message)
        free(item_remove(channel, NULL));
    if (channel->first == NULL)
        return;
    struct tcp_item *item = item_remove(channel, NULL);
    *from = item->from;
    memcpy(message, item->bytes, channel->message_bytes);
    free(item);
}

bool rpi_tcp_channel_idle(const struct tcp_channel *channel)
{
    return channel->expected == NULL && rpi_tcp_links_idle(channel->tcp_links);
}

void rpi_tcp_channel_forget(struct tcp_channel *channel, int from)
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
