#include "trees/clique.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 40, /* with fewer candidates, a task searches by itself, */
    DEEPEST = 60  /* and below this level, where rp_task_improve() knows no order of items */
};

/* With two sets behind: the clique, and the candidates. */
struct clique_item {
    int32_t size, bound; /* of the clique; at most that of any that contains it */
    uint64_t sets[];
};

/* ---- setting up ------------------------------------------------------------------------------ */

/* Orders the vertices: last one of the fewest neighbours, before it one of the fewest among the
 * others, and so on. */
static void clique_order(const struct graph *graph, int *order, int *degrees)
{
    int n = graph->vertices;
    for (int i = 0; i < n; i++) {
        order[i] = i;
        degrees[i] = 0;
        for (int word = 0; word < graph->words; word++)
            degrees[i] += __builtin_popcountll(graph_row(graph, i)[word]);
    }
    for (int last = n - 1; last > 0; last--) {
        int least = last;
        for (int i = last - 1; i >= 0; i--)
            least = degrees[order[i]] < degrees[order[least]] ? i : least;
        int vertex = order[least];
        order[least] = order[last];
        order[last] = vertex;
        for (int i = 0; i < last; i++)
            degrees[order[i]] -= bit_get(graph_row(graph, vertex), order[i]);
    }
}

static void clique_renumber(const struct graph *from, const int *order, struct graph *to)
{
    for (int i = 0; i < from->vertices; i++) {
        for (int j = 0; j < from->vertices; j++) {
            if (bit_get(graph_row(from, order[i]), order[j]))
                bit_set(graph_row(to, i), j);
        }
    }
}

bool clique_begin(struct clique_search *search, struct graph *graph)
{
    size_t n = (size_t)graph->vertices, words = (size_t)graph->words;
    int *degrees = malloc(n * sizeof *degrees);
    *search = (struct clique_search){.vertex = malloc(n * sizeof *search->vertex),
                                     .sets = calloc((n + 1) * words, sizeof *search->sets),
                                     .coloured = malloc(n * (n + 1) * sizeof *search->coloured)};
    bool fine = graph_make(&search->graph, graph->vertices) && degrees != NULL &&
                search->vertex != NULL && search->sets != NULL && search->coloured != NULL;
    if (fine) {
        clique_order(graph, search->vertex, degrees);
        clique_renumber(graph, search->vertex, &search->graph);
    }
    free(degrees);
    graph_drop(graph);
    return fine;
}

void clique_end(struct clique_search *search)
{
    graph_drop(&search->graph);
    free(search->vertex);
    free(search->sets);
    free(search->coloured);
}

size_t clique_witness_bytes(const struct clique_search *search)
{
    return (size_t)search->graph.words * sizeof(uint64_t);
}

size_t clique_item_bytes(const struct clique_search *search)
{
    return sizeof(struct clique_item) + 2 * clique_witness_bytes(search);
}

void clique_first_item(const struct clique_search *search, void *item)
{
    struct clique_item *first = item;
    memset(first, 0, clique_item_bytes(search));
    first->bound = search->graph.vertices;
    for (int i = 0; i < search->graph.vertices; i++)
        bit_set(first->sets + search->graph.words, i);
}

/* ---- search ---------------------------------------------------------------------------------- */

/* Colours the candidates greedily. Stores them by colour, and behind all of them their colours,
 * from 1. */
static void clique_colour(const struct clique_search *search, const uint64_t *candidates,
                          uint16_t *coloured, int count)
{
    int words = search->graph.words, done = 0;
    uint64_t left[GRAPH_MOST / 64], open[GRAPH_MOST / 64];
    memcpy(left, candidates, (size_t)words * sizeof *left);
    for (uint16_t colour = 1; done < count; colour++) {
        memcpy(open, left, (size_t)words * sizeof *open);
        for (int word = 0; word < words; word++) {
            while (open[word] != 0) {
                int vertex = 64 * word + __builtin_ctzll(open[word]);
                const uint64_t *neighbours = graph_row(&search->graph, vertex);
                bit_clear(left, vertex);
                bit_clear(open, vertex);
                for (int i = word; i < words; i++)
                    open[i] &= ~neighbours[i];
                coloured[done] = (uint16_t)vertex;
                coloured[count + done++] = colour;
            }
        }
    }
}

static int set_count(const uint64_t *set, int words)
{
    int count = 0;
    for (int i = 0; i < words; i++)
        count += __builtin_popcountll(set[i]);
    return count;
}

static void set_intersect(uint64_t *to, const uint64_t *left, const uint64_t *right, int words)
{
    for (int i = 0; i < words; i++)
        to[i] = left[i] & right[i];
}

/* Searches cliques that contain this one, of `size` vertices, and candidates of search->sets at
 * `level`. The order is that of tasks: the last candidate first. */
static int clique_within(struct clique_search *search, rp_task *task, uint64_t *clique, int size,
                         int level, uint16_t *coloured)
{
    int words = search->graph.words, code = 0;
    uint64_t *candidates = search->sets + (size_t)level * (size_t)words;
    int count = set_count(candidates, words);
    if (count == 0)
        return rp_task_improve(task, size, clique);
    if (rp_task_cancelled(task))
        return 1;
    clique_colour(search, candidates, coloured, count);
    for (int i = count - 1; i >= 0 && code == 0; i--) {
        if (rp_task_prunable(task, size + coloured[count + i]))
            break;
        int vertex = coloured[i];
        set_intersect(candidates + words, candidates, graph_row(&search->graph, vertex), words);
        bit_set(clique, vertex);
        code = clique_within(search, task, clique, size + 1, level + 1, coloured + 2 * count);
        bit_clear(clique, vertex);
        bit_clear(candidates, vertex);
    }
    return code;
}

/* Adds a task for each candidate, with those before it as candidates: the last one, which has the
 * highest bound, is computed first. rp_task_add() may compute others during the call, so this one
 * needs memory of its own. */
static int clique_split(const struct clique_search *search, rp_task *task,
                        const struct clique_item *item, int count)
{
    int words = search->graph.words, code = 0;
    uint16_t coloured[2 * GRAPH_MOST];
    uint64_t before[GRAPH_MOST / 64] = {0};
    uint64_t space[sizeof(struct clique_item) / sizeof(uint64_t) + 2 * GRAPH_MOST / 64];
    struct clique_item *child = (struct clique_item *)space;
    clique_colour(search, item->sets + words, coloured, count);
    for (int i = 0; i < count && code == 0; i++) {
        int vertex = coloured[i];
        child->size = item->size + 1;
        child->bound = item->size + coloured[count + i];
        memcpy(child->sets, item->sets, clique_witness_bytes(search));
        bit_set(child->sets, vertex);
        set_intersect(child->sets + words, before, graph_row(&search->graph, vertex), words);
        if (!rp_task_prunable(task, child->bound))
            code = rp_task_add(task, child);
        bit_set(before, vertex);
    }
    return code;
}

int clique_visit(struct clique_search *search, rp_task *task, const void *from)
{
    const struct clique_item *item = from;
    int words = search->graph.words, count = set_count(item->sets + words, words);
    uint64_t clique[GRAPH_MOST / 64];
    if (rp_task_prunable(task, item->bound))
        return 0;
    if (count >= AT_ONCE && item->size < DEEPEST)
        return clique_split(search, task, item, count);
    memcpy(clique, item->sets, clique_witness_bytes(search));
    memcpy(search->sets, item->sets + words, clique_witness_bytes(search));
    return clique_within(search, task, clique, item->size, 0, search->coloured);
}
