#include "world/star.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* A look around at least so often. */
static const double longest_wait = 0.1;

struct heading {
    uint32_t number, unused;
};

static void say(struct star *star, int to, uint32_t number, const void *head, size_t head_bytes,
                const void *load, size_t load_bytes)
{
    struct heading heading = {.number = number};
    char *text = malloc(sizeof heading + head_bytes);
    if (text == NULL)
        return;
    memcpy(text, &heading, sizeof heading);
    memcpy(text + sizeof heading, head, head_bytes);
    rpi_wires_send(&star->wires, to, WIRE_MEETING, text, sizeof heading + head_bytes, load,
                   load_bytes, NULL);
    free(text);
}

static bool keep(struct star_word *word, uint32_t number, int speaker, const void *bytes,
                 size_t count)
{
    if (count > word->room) {
        free(word->bytes);
        word->bytes = malloc(count);
        word->room = word->bytes != NULL ? count : 0;
    }
    if (word->room < count)
        return false;
    memcpy(word->bytes, bytes, count);
    word->count = count;
    word->speaker = speaker;
    word->number = number;
    return true;
}

static void answer_one(struct star *star, int rank)
{
    say(star, rank, star->answered, star->answer, star->answer_bytes, star->gift, star->gift_bytes);
}

/* On the root, a question; elsewhere, an answer. */
static void hear(void *closure, int from, const void *bytes, size_t count)
{
    struct star *star = closure;
    struct heading heading;
    if (count < sizeof heading)
        return;
    memcpy(&heading, bytes, sizeof heading);
    bool root = star->map.rank == star->map.root;
    struct star_word *word = &star->words[root ? star->map.node_of[from] : 0];
    if (root && heading.number == star->answered)
        answer_one(star, from);
    else
        keep(word, heading.number, from, (const char *)bytes + sizeof heading,
             count - sizeof heading);
}

rp_status rpi_star_open(struct star *star, MPI_Comm comm, const struct star_map *map,
                        double silence, bool *open, rp_error *error)
{
    *star = (struct star){.map = *map};
    bool root = map->rank == map->root;
    star->words = calloc(root ? (size_t)map->nodes : 1, sizeof *star->words);
    bool outside = map->node != map->node_of[map->root];
    rp_status status = rpi_wires_open(&star->wires, comm, map->root, outside, silence,
                                      star->words != NULL, open, error);
    if (status == RP_OK && *open)
        rpi_wires_listen(&star->wires, WIRE_MEETING, hear, star);
    else
        rpi_star_close(star, 0);
    return status;
}

void rpi_star_close(struct star *star, double most_seconds)
{
    rpi_wires_close(&star->wires, most_seconds);
    for (int i = 0;
         star->words != NULL && i < (star->map.rank == star->map.root ? star->map.nodes : 1); i++)
        free(star->words[i].bytes);
    free(star->words);
    free(star->answer);
    star->words = NULL;
    star->answer = NULL;
}

const struct star_word *rpi_star_ask(struct star *star, uint32_t number, const void *head,
                                     size_t head_bytes, const void *load, size_t load_bytes)
{
    struct star_word *answer = &star->words[0];
    int root = star->map.root;
    say(star, root, number, head, head_bytes, load, load_bytes);
    while (answer->number != number && rpi_wires_whole(&star->wires, root))
        rpi_wires_wait(&star->wires, longest_wait);
    return answer->number == number ? answer : NULL;
}

const struct star_word *rpi_star_said(const struct star *star, int node, uint32_t number)
{
    return star->words[node].number == number ? &star->words[node] : NULL;
}

void rpi_star_await(struct star *star, uint32_t number)
{
    int own = star->map.node;
    rpi_wires_step(&star->wires);
    for (int node = 0; node < star->map.nodes; node++) {
        while (node != own && rpi_star_said(star, node, number) == NULL &&
               rpi_star_lives(star, node))
            rpi_wires_wait(&star->wires, longest_wait);
    }
}

void rpi_star_answer(struct star *star, uint32_t number, const void *answer, size_t bytes,
                     const void *gift, size_t gift_bytes)
{
    void *copy = realloc(star->answer, bytes);
    if (copy == NULL)
        return;
    star->answer = memcpy(copy, answer, bytes);
    star->answer_bytes = bytes;
    star->answered = number;
    star->gift = gift;
    star->gift_bytes = gift_bytes;
    for (int node = 0; node < star->map.nodes; node++) {
        const struct star_word *word = rpi_star_said(star, node, number);
        if (node != star->map.node && word != NULL)
            answer_one(star, word->speaker);
    }
}

/* A rank of another node of which the wire says that it has died. */
static bool broken(const struct star *star, int rank)
{
    return star->map.node_of[rank] != star->map.node && !rpi_wires_whole(&star->wires, rank);
}

int rpi_star_lost(const struct star *star, int node)
{
    int lost = 0;
    for (int i = star->map.node_first[node]; i < star->map.node_first[node + 1]; i++)
        lost += broken(star, star->map.by_node[i]);
    return lost;
}

bool rpi_star_lives(const struct star *star, int node)
{
    return rpi_star_lost(star, node) < star->map.node_first[node + 1] - star->map.node_first[node];
}

/* The ranks of a node are in order. */
int rpi_star_lowest_lost(const struct star *star, int node)
{
    int i = star->map.node_first[node], behind = star->map.node_first[node + 1];
    while (i < behind && !broken(star, star->map.by_node[i]))
        i++;
    return i < behind ? star->map.by_node[i] : -1;
}
