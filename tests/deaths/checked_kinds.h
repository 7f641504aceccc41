/* The jobs of checked_jobs: what they compute, and what they leave to be checked. */
#ifndef RANKPOOL_TESTS_CHECKED_KINDS_H
#define RANKPOOL_TESTS_CHECKED_KINDS_H

#include "rankpool.h"

enum kind {
    MAP_OF_ROOT,  /* arrays private to the root */
    MAP_ON_NODES, /* in node memory */
    MAP_ON_RANKS, /* results needed on every rank */
    MAP_RANGES,
    MAP_ENOUGH, /* ends when the item in the middle has been computed */
    REDUCE,
    REDUCE_INPUT, /* on a single node, with a result per item as well */
    LOOP,         /* into node memory; on several nodes, into a file */
    STREAM,
    STREAM_UNORDERED,
    STREAM_LARGE,     /* inputs and results too large for a slot, among small ones */
    CONTROLLED_CALLS, /* of a controller */
    WORKLIST,         /* item i adds items 2 i + 1 and 2 i + 2; or branch and bound */
    KINDS
};

extern const char *const kind_names[KINDS];

enum {
    MOST_RANKS = 64
};

struct checked_job {
    enum kind kind;
    rp_schedule schedule;
    int64_t n;
    unsigned burn; /* rounds of arithmetic per item, some ns each */
};

extern rp_pool *pool;
extern double *in, *out;      /* private, as long as any job needs */
extern double *node_out;      /* in node memory */
extern int file;              /* shared by all nodes; -1: not needed */
extern int64_t *notes;        /* likewise: by rank, 1 + its item in progress; 0: none */
extern bool dies[MOST_RANKS]; /* the ranks chosen to die */
extern int node_of[MOST_RANKS];
extern double result;          /* of a reduction or a worklist */
extern uint64_t paths[2];      /* of a worklist: the sum over all items, each word modulo 2^64 */
extern int64_t consumed;       /* items of a stream, */
extern int64_t given_up;       /* and those for which it got an error */
extern int64_t calls_to_death; /* of this rank; 0: it does not die in a task */

/* Ends all ranks with a line if this does not hold. */
void require(bool holds, const char *what, int64_t item);

/* The result of an item. */
double value_of(int64_t item, unsigned burn);

/* Whether, by the notes, enough of the ranks chosen to die had the item in progress for it to be
 * given up. How many have died is known only when the job has ended. */
bool rightly_given_up(int64_t item);

/* Nodes of which every rank is chosen to die. */
int whole_nodes_lost(void);

/* Does a reduction of this kind have a result per item as well? */
bool reduces_with_results(const struct checked_job *job);

rp_status do_kind(const struct checked_job *job);

#endif
