#include "comm/tcp_hub.h"

#include "base/error.h"
#include "comm/topology.h"

#include <stdlib.h>
#include <string.h>

/* Longest wait before the links are checked again. */
static const double longest_wait = 0.1;

struct heading {
    uint32_t number, unused;
};

static void hub_send(struct hub *hub, int to, uint32_t number, const void *head, size_t head_bytes,
                     const void *load, size_t load_bytes)
{
    struct heading heading = {.number = number};
    memcpy(hub->text, &heading, sizeof heading);
    memcpy(hub->text + sizeof heading, head, head_bytes);
    rpi_tcp_links_send(&hub->tcp_links, to, TCP_LINK_AGREEMENT, hub->text,
                       sizeof heading + head_bytes, load, load_bytes, NULL);
}

/* Without memory only the head is stored. */
static void hub_message_store(struct hub_message *message, uint32_t number, int sender,
                              const void *bytes, size_t count)
{
    if (count > message->room) {
        void *grown = realloc(message->bytes, count);
        message->bytes = grown != NULL ? grown : message->bytes;
        message->room = grown != NULL ? count : message->room;
    }
    message->cut = count > message->room;
    message->count = message->cut ? message->room : count;
    memcpy(message->bytes, bytes, message->count);
    message->sender = sender;
    message->number = number;
}

static void hub_send_answer(struct hub *hub, int rank)
{
    hub_send(hub, rank, hub->answered, hub->answer, hub->answer_bytes, hub->broadcast,
             hub->broadcast_bytes);
}

static void hub_note_change(void *closure, int node)
{
    struct hub *hub = closure;
    if (hub->nodes[node].changed)
        return;
    hub->nodes[node].changed = true;
    hub->nodes[node].next_changed = hub->first_changed;
    hub->first_changed = node;
}

/* Numbers are in step: a node repeats the last answered question, or asks the next one. */
static bool hub_expects(const struct hub *hub, bool root, uint32_t number)
{
    return !root || hub->answered == 0 || number - hub->answered <= 1;
}

/* On the root, a question; elsewhere, an answer. */
static bool hub_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct hub *hub = closure;
    struct heading heading = {.number = 0};
    bool root = hub->world->rank == hub->world->root;
    if (count >= sizeof heading)
        memcpy(&heading, bytes, sizeof heading);
    if (count < sizeof heading || !hub_expects(hub, root, heading.number))
        return false;
    int node = hub->world->node_of[from];
    if (root && heading.number == hub->answered) {
        hub_send_answer(hub, from);
        return true;
    }
    hub_message_store(&hub->nodes[root ? node : 0].message, heading.number, from,
                      (const char *)bytes + sizeof heading, count - sizeof heading);
    if (root)
        hub_note_change(hub, node);
    return true;
}

static int hub_node_count(const struct world *world)
{
    return world->rank == world->root ? world->nodes : 1;
}

static bool hub_allocate(struct hub *hub)
{
    int count = hub_node_count(hub->world);
    hub->nodes = calloc((size_t)count, sizeof *hub->nodes);
    hub->answer = malloc(HUB_HEAD_BYTES);
    hub->text = malloc(sizeof(struct heading) + HUB_HEAD_BYTES);
    bool made = hub->nodes != NULL && hub->answer != NULL && hub->text != NULL;
    for (int i = 0; i < count && made; i++) {
        struct hub_message *message = &hub->nodes[i].message;
        *message = (struct hub_message){.bytes = malloc(HUB_HEAD_BYTES), .room = HUB_HEAD_BYTES};
        made = message->bytes != NULL;
    }
    return made;
}

rp_status rpi_hub_open(struct hub *hub, const struct world *world, double silence, bool *open,
                       rp_error *error)
{
    *hub = (struct hub){.world = world, .first_changed = -1};
    rp_status status =
        rpi_tcp_links_open(&hub->tcp_links, world, silence, hub_allocate(hub), open, error);
    hub->tcp_links.changed = hub_note_change;
    hub->tcp_links.closure = hub;
    if (status == RP_OK && *open)
        rpi_tcp_links_set_handler(&hub->tcp_links, TCP_LINK_AGREEMENT, hub_handle, hub);
    else
        rpi_hub_close(hub, 0);
    return status;
}

void rpi_hub_close(struct hub *hub, double most_seconds)
{
    rpi_tcp_links_close(&hub->tcp_links, most_seconds);
    for (int i = 0; hub->nodes != NULL && i < hub_node_count(hub->world); i++)
        free(hub->nodes[i].message.bytes);
    free(hub->nodes);
    free(hub->answer);
    free(hub->text);
    hub->nodes = NULL;
    hub->answer = hub->text = NULL;
}

const struct hub_message *rpi_hub_ask(struct hub *hub, uint32_t number, const void *head,
                                      size_t head_bytes, const void *load, size_t load_bytes)
{
    struct hub_message *answer = &hub->nodes[0].message;
    int root = hub->world->root;
    hub_send(hub, root, number, head, head_bytes, load, load_bytes);
    while (answer->number != number && rpi_tcp_links_whole(&hub->tcp_links, root))
        rpi_tcp_links_wait(&hub->tcp_links, longest_wait);
    return answer->number == number ? answer : NULL;
}

const struct hub_message *rpi_hub_received(const struct hub *hub, int node, uint32_t number)
{
    const struct hub_message *message = hub->nodes != NULL ? &hub->nodes[node].message : NULL;
    return message != NULL && message->number == number ? message : NULL;
}

void rpi_hub_await(struct hub *hub, uint32_t number)
{
    int own = hub->world->node;
    rpi_tcp_links_step(&hub->tcp_links);
    for (int node = 0; node < hub->world->nodes; node++) {
        while (node != own && rpi_hub_received(hub, node, number) == NULL &&
               rpi_hub_lives(hub, node))
            rpi_tcp_links_wait(&hub->tcp_links, longest_wait);
    }
}

void rpi_hub_answer(struct hub *hub, uint32_t number, const void *answer, size_t bytes,
                    const void *broadcast, size_t broadcast_bytes)
{
    memcpy(hub->answer, answer, bytes);
    hub->answer_bytes = bytes;
    hub->answered = number;
    hub->broadcast = broadcast;
    hub->broadcast_bytes = broadcast_bytes;
    for (int node = 0; node < hub->world->nodes; node++) {
        const struct hub_message *message = rpi_hub_received(hub, node, number);
        if (node != hub->world->node && message != NULL)
            hub_send_answer(hub, message->sender);
    }
}

int rpi_hub_next_changed(struct hub *hub)
{
    int node = hub->first_changed;
    if (node >= 0) {
        hub->nodes[node].changed = false;
        hub->first_changed = hub->nodes[node].next_changed;
    }
    return node;
}

void rpi_hub_review(struct hub *hub)
{
    for (int node = 0; node < hub->world->nodes; node++) {
        if (node != hub->world->node)
            hub_note_change(hub, node);
    }
}

bool rpi_hub_lives(const struct hub *hub, int node)
{
    int lost = rpi_tcp_links_lost(&hub->tcp_links, node);
    return lost == 0 || lost < world_ranks_on(hub->world, node);
}
