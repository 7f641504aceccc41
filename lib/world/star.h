/* The star: how the nodes meet where ranks are to go on without those that die. One rank of each
 * node says the root over its wire what its node has to say about meeting number so and so, and the
 * root answers all of them when it has heard of all. If the rank dies meanwhile another one says
 * the same again, and gets the same answer, also when the root is at something else by then. The
 * root itself never dies: without it there is nothing to go on for. */
#ifndef RANKPOOL_WORLD_STAR_H
#define RANKPOOL_WORLD_STAR_H

#include "world/wires.h"

/* Where ranks are. */
struct star_map {
    int rank, root, ranks, nodes, node;
    const int *node_of;    /* by rank */
    const int *node_first; /* of by_node, by node */
    const int *by_node;    /* ranks, sorted by node */
};

/* What has come about a meeting: from a node, or in answer. */
struct star_word {
    uint32_t number; /* of the meeting */
    int speaker;     /* the rank that said it */
    void *bytes;     /* owned */
    size_t count, room;
};

struct star {
    struct star_map map;
    struct wires wires;
    struct star_word *words; /* on the root: by node; elsewhere one: the answer. Owned */
    /* The root's last answer: what comes again is answered again. */
    uint32_t answered;
    void *answer; /* a copy; owned */
    size_t answer_bytes;
    const void *gift; /* not a copy: it stays as it is until the next answer */
    size_t gift_bytes;
};

/* Opens wires. Collective on `comm`; *open is the same everywhere, as is the status. */
rp_status rpi_star_open(struct star *star, MPI_Comm comm, const struct star_map *map,
                        double silence, bool *open, rp_error *error);

/* The root answers for so long those who ask again. */
void rpi_star_close(struct star *star, double most_seconds);

/* Not on the root's node: says what this node has to say, and waits for the answer. NULL: the root
 * cannot be reached, now or ever. Its bytes are there until the next question. */
const struct star_word *rpi_star_ask(struct star *star, uint32_t number, const void *head,
                                     size_t head_bytes, const void *load, size_t load_bytes);

/* On the root: waits until every node with a living rank has said something about this meeting. */
void rpi_star_await(struct star *star, uint32_t number);

/* What a node has said about it, or NULL. */
const struct star_word *rpi_star_said(const struct star *star, int node, uint32_t number);

/* Answers everybody. */
void rpi_star_answer(struct star *star, uint32_t number, const void *answer, size_t bytes,
                     const void *gift, size_t gift_bytes);

/* On the root: does a rank of that node live? How many of its ranks have died, as far as wires
 * tell, and which is the lowest of them (-1: none)? */
bool rpi_star_lives(const struct star *star, int node);
int rpi_star_lost(const struct star *star, int node);
int rpi_star_lowest_lost(const struct star *star, int node);

#endif
