#include "comm/tcp_hub.h"

#include "base/error.h"

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

/* Numbers are in step: a node repeats the last answered question, or asks the next one. */
static bool hub_expects(const struct hub *hub, bool root, uint32_t number)
{
    return !root || hub->answered == 0 || number - hub->answered <= 1;
}

/* On the root, a question; elsewhere, an answer. */
static void hub_handle(void *closure, int from, const void *bytes, size_t count)
{
    struct hub *hub = closure;
    struct heading heading = {.number = 0};
    bool root = hub->map.rank == hub->map.root;
    if (count >= sizeof heading)
        memcpy(&heading, bytes, sizeof heading);
    if (count < sizeof heading || !hub_expects(hub, root, heading.number)) {
        rpi_tcp_links_reject(&hub->tcp_links, from);
        return;
    }
    struct hub_message *message = &hub->messages[root ? hub->map.node_of[from] : 0];
    if (root && heading.number == hub->answered)
        hub_send_answer(hub, from);
    else
        hub_message_store(message, heading.number, from, (const char *)bytes + sizeof heading,
                          count - sizeof heading);
}

static int hub_message_count(const struct hub_map *map)
{
    return map->rank == map->root ? map->nodes : 1;
}

static bool hub_allocate(struct hub *hub)
{
    int count = hub_message_count(&hub->map);
    hub->messages = calloc((size_t)count, sizeof *hub->messages);
    hub->answer = malloc(HUB_HEAD_BYTES);
    hub->text = malloc(sizeof(struct heading) + HUB_HEAD_BYTES);
    bool made = hub->messages != NULL && hub->answer != NULL && hub->text != NULL;
    for (int i = 0; i < count && made; i++) {
        hub->messages[i].bytes = malloc(HUB_HEAD_BYTES);
        hub->messages[i].room = HUB_HEAD_BYTES;
        made = hub->messages[i].bytes != NULL;
    }
    return made;
}

rp_status rpi_hub_open(struct hub *hub, MPI_Comm comm, const struct hub_map *map, double silence,
                       bool *open, rp_error *error)
{
    *hub = (struct hub){.map = *map};
    bool outside = map->node != map->node_of[map->root];
    rp_status status = rpi_tcp_links_open(&hub->tcp_links, comm, map->root, outside, silence,
                                          hub_allocate(hub), open, error);
    if (status == RP_OK && *open)
        rpi_tcp_links_set_handler(&hub->tcp_links, TCP_LINK_AGREEMENT, hub_handle, hub);
    else
        rpi_hub_close(hub, 0);
    return status;
}

void rpi_hub_close(struct hub *hub, double most_seconds)
{
    rpi_tcp_links_close(&hub->tcp_links, most_seconds);
    for (int i = 0; hub->messages != NULL && i < hub_message_count(&hub->map); i++)
        free(hub->messages[i].bytes);
    free(hub->messages);
    free(hub->answer);
    free(hub->text);
    hub->messages = NULL;
    hub->answer = hub->text = NULL;
}

const struct hub_message *rpi_hub_ask(struct hub *hub, uint32_t number, const void *head,
                                      size_t head_bytes, const void *load, size_t load_bytes)
{
    struct hub_message *answer = &hub->messages[0];
    int root = hub->map.root;
    hub_send(hub, root, number, head, head_bytes, load, load_bytes);
    while (answer->number != number && rpi_tcp_links_whole(&hub->tcp_links, root))
        rpi_tcp_links_wait(&hub->tcp_links, longest_wait);
    return answer->number == number ? answer : NULL;
}

const struct hub_message *rpi_hub_received(const struct hub *hub, int node, uint32_t number)
{
    return hub->messages[node].number == number ? &hub->messages[node] : NULL;
}

void rpi_hub_await(struct hub *hub, uint32_t number)
{
    int own = hub->map.node;
    rpi_tcp_links_step(&hub->tcp_links);
    for (int node = 0; node < hub->map.nodes; node++) {
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
    for (int node = 0; node < hub->map.nodes; node++) {
        const struct hub_message *message = rpi_hub_received(hub, node, number);
        if (node != hub->map.node && message != NULL)
            hub_send_answer(hub, message->sender);
    }
}

/* Is this a rank of another node whose TCP link is broken? */
static bool hub_link_broken(const struct hub *hub, int rank)
{
    return hub->map.node_of[rank] != hub->map.node && !rpi_tcp_links_whole(&hub->tcp_links, rank);
}

int rpi_hub_lost(const struct hub *hub, int node)
{
    int lost = 0;
    for (int i = hub->map.node_first[node]; i < hub->map.node_first[node + 1]; i++)
        lost += hub_link_broken(hub, hub->map.by_node[i]);
    return lost;
}

bool rpi_hub_lives(const struct hub *hub, int node)
{
    return rpi_hub_lost(hub, node) < hub_ranks_on(&hub->map, node);
}

/* The ranks of a node are in ascending order. */
int rpi_hub_lowest_lost(const struct hub *hub, int node)
{
    int i = hub->map.node_first[node], behind = hub->map.node_first[node + 1];
    while (i < behind && !hub_link_broken(hub, hub->map.by_node[i]))
        i++;
    return i < behind ? hub->map.by_node[i] : -1;
}
