/* Undirected graphs, read from files in the ASCII format of the DIMACS challenges (.clq, .col):
 *
 *     c a comment
 *     p edge VERTICES EDGES
 *     e VERTEX VERTEX
 *
 * with vertices from 1. */
#ifndef RANKPOOL_APPS_TREES_GRAPH_H
#define RANKPOOL_APPS_TREES_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GRAPH_MOST = 4096, /* vertices */
    GRAPH_PROBLEM_SIZE = 256
};

/* Row i has the neighbours of vertex i, a bit each: `words` words of 64. */
struct graph {
    int vertices, words;
    uint64_t *rows;
};

/* A graph without edges. False: no memory. */
bool graph_make(struct graph *graph, int vertices);
void graph_drop(struct graph *graph);

/* Reads a file. False: `problem` says what is wrong and where, in one line, and there is no
 * graph. */
bool graph_read(struct graph *graph, const char *path, char problem[GRAPH_PROBLEM_SIZE]);

static inline uint64_t *graph_row(const struct graph *graph, int vertex)
{
    return graph->rows + (size_t)vertex * (size_t)graph->words;
}

static inline bool bit_get(const uint64_t *bits, int i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static inline void bit_set(uint64_t *bits, int i)
{
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

static inline void bit_clear(uint64_t *bits, int i)
{
    bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

#endif
