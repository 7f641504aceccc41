#include "comm/tcp_hub.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Longest wait before the links are checked again. */
static const double longest_wait = 0.1;

struct heading {
    uint32_t number, unused;
};

static void say(struct hub *hub, int to, uint32_t number, const void *head, size_t head_bytes,
                const void *load, size_t load_bytes)
{
    struct heading heading = {.number = number};
    memcpy(hub->text, &heading, sizeof heading);
    memcpy(hub->text + sizeof heading, head, head_bytes);
    rpi_tcp_links_send(&hub->tcp_links, to, TCP_LINK_AGREEMENT, hub->text,
                       sizeof heading + head_bytes, load, load_bytes, NULL);
}

/* Without memory only the head is stored. */
static void keep(struct hub_word *word, uint32_t number, int speaker, const void *bytes,
                 size_t count)
{
    if (count > word->room) {
        void *grown = realloc(word->bytes, count);
        word->bytes = grown != NULL ? grown : word->bytes;
        word->room = grown != NULL ? count : word->room;
    }
    word->cut = count > word->room;
    word->count = word->cut ? word->room : count;
    memcpy(word->bytes, bytes, word->count);
    word->speaker = speaker;
    word->number = number;
}

static void answer_one(struct hub *hub, int rank)
{
    say(hub, rank, hub->answered, hub->answer, hub->answer_bytes, hub->broadcast,
        hub->broadcast_bytes);
}

/* Numbers are in step: a node repeats the last answered question, or asks the next one. */
static bool hub_expects(const struct hub *hub, bool root, uint32_t number)
{
    return !root || hub->answered == 0 || number - hub->answered <= 1;
}

/* On the root, a question; elsewhere, an answer. */
static void hear(void *closure, int from, const void *bytes, size_t count)
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
    struct hub_word *word = &hub->words[root ? hub->map.node_of[from] : 0];
    if (root && heading.number == hub->answered)
        answer_one(hub, from);
    else
        keep(word, heading.number, from, (const char *)bytes + sizeof heading,
             count - sizeof heading);
}

static int hub_words(const struct hub_map *map)
{
    return map->rank == map->root ? map->nodes : 1;
}

static bool hub_furnish(struct hub *hub)
{
    int count = hub_words(&hub->map);
    hub->words = calloc((size_t)count, sizeof *hub->words);
    hub->answer = malloc(HUB_HEAD_BYTES);
    hub->text = malloc(sizeof(struct heading) + HUB_HEAD_BYTES);
    bool made = hub->words != NULL && hub->answer != NULL && hub->text != NULL;
    for (int i = 0; i < count && made; i++) {
        hub->words[i].bytes = malloc(HUB_HEAD_BYTES);
        hub->words[i].room = HUB_HEAD_BYTES;
        made = hub->words[i].bytes != NULL;
    }
    return made;
}

rp_status rpi_hub_open(struct hub *hub, MPI_Comm comm, const struct hub_map *map, double silence,
                       bool *open, rp_error *error)
{
    *hub = (struct hub){.map = *map};
    bool outside = map->node != map->node_of[map->root];
    rp_status status = rpi_tcp_links_open(&hub->tcp_links, comm, map->root, outside, silence,
                                          hub_furnish(hub), open, error);
    if (status == RP_OK && *open)
        rpi_tcp_links_listen(&hub->tcp_links, TCP_LINK_AGREEMENT, hear, hub);
    else
        rpi_hub_close(hub, 0);
    return status;
}

void rpi_hub_close(struct hub *hub, double most_seconds)
{
    rpi_tcp_links_close(&hub->tcp_links, most_seconds);
    for (int i = 0; hub->words != NULL && i < hub_words(&hub->map); i++)
        free(hub->words[i].bytes);
    free(hub->words);
    free(hub->answer);
    free(hub->text);
    hub->words = NULL;
    hub->answer = hub->text = NULL;
}

const struct hub_word *rpi_hub_ask(struct hub *hub, uint32_t number, const void *head,
                                   size_t head_bytes, const void *load, size_t load_bytes)
{
    struct hub_word *answer = &hub->words[0];
    int root = hub->map.root;
    say(hub, root, number, head, head_bytes, load, load_bytes);
    while (answer->number != number && rpi_tcp_links_whole(&hub->tcp_links, root))
        rpi_tcp_links_wait(&hub->tcp_links, longest_wait);
    return answer->number == number ? answer : NULL;
}

const struct hub_word *rpi_hub_said(const struct hub *hub, int node, uint32_t number)
{
    return hub->words[node].number == number ? &hub->words[node] : NULL;
}

void rpi_hub_await(struct hub *hub, uint32_t number)
{
    int own = hub->map.node;
    rpi_tcp_links_step(&hub->tcp_links);
    for (int node = 0; node < hub->map.nodes; node++) {
        while (node != own && rpi_hub_said(hub, node, number) == NULL && rpi_hub_lives(hub, node))
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
        const struct hub_word *word = rpi_hub_said(hub, node, number);
        if (node != hub->map.node && word != NULL)
            answer_one(hub, word->speaker);
    }
}

/* Is this a rank of another node whose TCP link is broken? */
static bool broken(const struct hub *hub, int rank)
{
    return hub->map.node_of[rank] != hub->map.node && !rpi_tcp_links_whole(&hub->tcp_links, rank);
}

int rpi_hub_lost(const struct hub *hub, int node)
{
    int lost = 0;
    for (int i = hub->map.node_first[node]; i < hub->map.node_first[node + 1]; i++)
        lost += broken(hub, hub->map.by_node[i]);
    return lost;
}

bool rpi_hub_lives(const struct hub *hub, int node)
{
    return rpi_hub_lost(hub, node) < hub->map.node_first[node + 1] - hub->map.node_first[node];
}

/* The ranks of a node are in ascending order. */
int rpi_hub_lowest_lost(const struct hub *hub, int node)
{
    int i = hub->map.node_first[node], behind = hub->map.node_first[node + 1];
    while (i < behind && !broken(hub, hub->map.by_node[i]))
        i++;
    return i < behind ? hub->map.by_node[i] : -1;
}
