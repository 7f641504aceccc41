/* The maximum clique of a graph: the most vertices that are all neighbours of each other. A branch
 * and bound over pairs of a clique and the candidates that could extend it. Its bound is the number
 * of colours of a greedy colouring: neighbours have different colours, so a clique has at most one
 * vertex of each (Tomita and Seki: An efficient branch-and-bound algorithm for finding a maximum
 * clique, DMTCS 2003). Sets of vertices are bits, in an order of minimum width (San Segundo,
 * Rodriguez-Losada and Jimenez: An exact bit-parallel algorithm for the maximum clique problem,
 * Computers & Operations Research 38, 2011). */
#ifndef RANKPOOL_APPS_TREES_CLIQUE_H
#define RANKPOOL_APPS_TREES_CLIQUE_H

#include "trees/graph.h"

#include <rankpool.h>

/* The graph as the search has it, and memory for it. */
struct clique_search {
    struct graph graph; /* its vertices in the order of the search */
    int *vertex;        /* their numbers in the file, from 0 */
    uint64_t *sets;     /* by level: the candidates */
    uint16_t *coloured; /* of all levels: candidates by colour, and their colours */
};

/* Takes over the graph. False: no memory. */
bool clique_begin(struct clique_search *search, struct graph *graph);
void clique_end(struct clique_search *search);

/* Bytes of an item, and of a witness: a bit for each vertex in the order of the search. */
size_t clique_item_bytes(const struct clique_search *search);
size_t clique_witness_bytes(const struct clique_search *search);

/* Stores the first item: all vertices are candidates. */
void clique_first_item(const struct clique_search *search, void *item);

/* Computes an item: adds others, or searches what is below it. */
int clique_visit(struct clique_search *search, rp_task *task, const void *item);

#endif
