#include "trees/problems.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- tasks ----------------------------------------------------------------------------------- */

static inline void findings_add_item(struct findings *findings, const rp_task *task,
                                     const struct problem *problem)
{
    uint64_t path[2];
    findings->nodes++;
    if (!problem->sum_paths)
        return;
    rp_task_path(task, path);
    findings->paths[0] += path[0];
    findings->paths[1] += path[1];
}

static int findings_combine(void *left, const void *right, void *user)
{
    struct findings *all = left;
    const struct findings *others = right;
    (void)user;
    all->nodes += others->nodes;
    all->leaves += others->leaves;
    all->depth = all->depth > others->depth ? all->depth : others->depth;
    all->solutions += others->solutions;
    all->paths[0] += others->paths[0];
    all->paths[1] += others->paths[1];
    return 0;
}

static int search_node(rp_task *task, const void *item, void *result)
{
    const struct problem *problem = rp_task_user(task);
    const struct uts_node *node = item;
    struct findings *findings = result;
    struct uts_node child;
    int children = uts_children(&problem->uts, node), code = 0;
    findings_add_item(findings, task, problem);
    findings->leaves += children == 0;
    findings->depth = findings->depth > node->level ? findings->depth : node->level;
    for (int i = 0; i < children && code == 0; i++) {
        uts_child(node, i, &child);
        code = rp_task_add(task, &child);
    }
    return code;
}

static int search_board(rp_task *task, const void *item, void *result)
{
    const struct problem *problem = rp_task_user(task);
    const struct queens *board = item;
    struct findings *findings = result;
    int code = 0;
    findings_add_item(findings, task, problem);
    if (board->rows_left <= QUEENS_ROWS_AT_ONCE) {
        findings->solutions += queens_count(board, problem->board);
        return 0;
    }
    uint32_t open = queens_free(board, problem->board);
    for (; open != 0 && code == 0; open &= open - 1) {
        struct queens next = queens_place(board, open & -open);
        code = rp_task_add(task, &next);
    }
    return code;
}

static int search_graph(rp_task *task, const void *item, void *result)
{
    struct problem *problem = rp_task_user(task);
    findings_add_item(result, task, problem);
    return clique_visit(&problem->clique, task, item);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Sends the root's graph to all ranks. */
static rp_status graph_broadcast(struct graph *graph, rp_pool *pool)
{
    int vertices = graph->vertices, root = rp_root(pool);
    rp_status mine = RP_OK, worst;
    if (rp_broadcast(pool, root, &vertices, 1, rp_bytes(sizeof vertices)) != RP_OK)
        return rp_last_error(pool)->status;
    if (rp_rank(pool) != root && !graph_make(graph, vertices))
        mine = RP_ERR_MEMORY;
    if (rp_agree(pool, mine, &worst) != RP_OK || worst != RP_OK)
        return worst;
    int64_t words = (int64_t)graph->vertices * graph->words;
    return rp_broadcast(pool, root, graph->rows, words, rp_bytes(sizeof *graph->rows));
}

static rp_status prepare_clique(struct problem *problem, rp_pool *pool, const char *program)
{
    struct graph graph = {.rows = NULL};
    char wrong[GRAPH_PROBLEM_SIZE];
    rp_status mine = RP_OK, worst = RP_OK;
    if (rp_rank(pool) == rp_root(pool) && !graph_read(&graph, problem->file, wrong)) {
        fprintf(stderr, "%s: %s\n", program, wrong);
        mine = RP_ERR_ARGUMENT;
    }
    if (rp_agree(pool, mine, &worst) != RP_OK || worst != RP_OK)
        return worst;
    mine = graph_broadcast(&graph, pool);
    if (mine == RP_OK && !clique_begin(&problem->clique, &graph))
        mine = RP_ERR_MEMORY;
    graph_drop(&graph);
    if (mine == RP_OK) {
        problem->first_clique = malloc(clique_item_bytes(&problem->clique));
        mine = problem->first_clique != NULL ? RP_OK : RP_ERR_MEMORY;
    }
    if (mine == RP_OK)
        clique_first_item(&problem->clique, problem->first_clique);
    return rp_agree(pool, mine, &worst) == RP_OK ? worst : rp_last_error(pool)->status;
}

rp_status problem_prepare(struct problem *problem, rp_pool *pool, const char *program)
{
    switch (problem->kind) {
    case PROBLEM_CLIQUE:
        return prepare_clique(problem, pool, program);
    case PROBLEM_QUEENS:
        problem->first_board = queens_none(problem->board);
        return RP_OK;
    default:
        uts_begin(&problem->uts);
        uts_root(&problem->uts, &problem->root);
        return RP_OK;
    }
}

void problem_drop(struct problem *problem)
{
    if (problem->kind != PROBLEM_CLIQUE)
        return;
    clique_end(&problem->clique);
    free(problem->first_clique);
}

rp_worklist_job problem_job(struct problem *problem)
{
    static const struct findings none;
    rp_worklist_job job = {.n = 1,
                           .seeds = &problem->root,
                           .item_size = sizeof problem->root,
                           .work = search_node,
                           .combine = findings_combine,
                           .identity = &none,
                           .result = &problem->findings,
                           .result_size = sizeof none};
    if (problem->kind == PROBLEM_QUEENS) {
        job.seeds = &problem->first_board;
        job.item_size = sizeof problem->first_board;
        job.work = search_board;
    } else if (problem->kind == PROBLEM_CLIQUE) {
        job.seeds = problem->first_clique;
        job.item_size = clique_item_bytes(&problem->clique);
        job.work = search_graph;
        job.goal = RP_GOAL_MAXIMISE;
        job.best = &problem->best;
        job.witness = problem->witness;
        job.witness_size = clique_witness_bytes(&problem->clique);
        /* Tasks use no random numbers: it makes the job that of this graph, for checkpoints. */
        const struct graph *graph = &problem->clique.graph;
        job.options.seed =
            rp_fingerprint(0, graph->rows,
                           (size_t)graph->vertices * (size_t)graph->words * sizeof *graph->rows);
    }
    return job;
}

/* ---- results --------------------------------------------------------------------------------- */

static void show_clique(const struct problem *problem)
{
    const struct clique_search *search = &problem->clique;
    uint64_t chosen[GRAPH_MOST / 64] = {0};
    for (int i = 0; i < search->graph.vertices; i++) {
        if (bit_get(problem->witness, i))
            bit_set(chosen, search->vertex[i]);
    }
    printf("%g vertices:", problem->best);
    for (int i = 0; i < search->graph.vertices; i++) {
        if (bit_get(chosen, i))
            printf(" %d", i + 1);
    }
    printf("\n");
}

void problem_show(const struct problem *problem)
{
    const struct findings *findings = &problem->findings;
    if (problem->kind == PROBLEM_CLIQUE)
        show_clique(problem);
    else if (problem->kind == PROBLEM_QUEENS)
        printf("%" PRIu64 "\n", findings->solutions);
    else
        printf("%" PRId64 " nodes, depth %" PRId64 ", %" PRId64 " leaves\n", findings->nodes,
               findings->depth, findings->leaves);
}
