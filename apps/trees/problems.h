/* The problems of the program search: as jobs, and how their results are shown. */
#ifndef RANKPOOL_APPS_TREES_PROBLEMS_H
#define RANKPOOL_APPS_TREES_PROBLEMS_H

#include "trees/clique.h"
#include "trees/queens.h"
#include "trees/uts.h"

enum problem_kind {
    PROBLEM_UTS,
    PROBLEM_QUEENS,
    PROBLEM_CLIQUE
};

/* Result of a search. */
struct findings {
    int64_t nodes, leaves, depth;
    uint64_t solutions;
    uint64_t paths[2]; /* if problem.sum_paths */
};

struct problem {
    enum problem_kind kind;
    bool sum_paths;   /* which shows that each item was computed exactly once, but costs 15 ns each;
                         where nodes are left out, it differs from run to run */
    int board;        /* of queens: squares in a row */
    const char *file; /* of clique */
    struct uts uts;
    /* Set by problem_prepare(): */
    struct queens first_board;
    struct uts_node root;
    struct clique_search clique;
    void *first_clique;
    double best; /* of clique */
    uint64_t witness[GRAPH_MOST / 64];
    struct findings findings;
};

/* Reads a graph and makes the first item. Collective; every rank gets the worst status. The root
 * has printed a line about its file, if that is what was wrong. */
rp_status problem_prepare(struct problem *problem, rp_pool *pool, const char *program);
void problem_drop(struct problem *problem);

/* The job, but for its options; options.user must be the problem. */
rp_worklist_job problem_job(struct problem *problem);

/* Prints the result. */
void problem_show(const struct problem *problem);

#endif
