/* A tree of the UTS benchmark by a recursive loop, and by OpenMP tasks: prints nodes and seconds.
 *
 * usage: worklist serial|openmp TREE [THREADS] */
#include "trees/uts.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct uts uts;

/* Nodes of each thread, 128 bytes apart. */
static struct {
    long nodes;
    char apart[120];
} counts[256];

static long serial(const struct uts_node *node)
{
    long nodes = 1;
    int children = uts_children(&uts, node);
    for (int i = 0; i < children; i++) {
        struct uts_node child;
        uts_child(node, i, &child);
        nodes += serial(&child);
    }
    return nodes;
}

static void visit(struct uts_node node)
{
    int children = uts_children(&uts, &node);
    counts[omp_get_thread_num()].nodes++;
    for (int i = 0; i < children; i++) {
        struct uts_node child;
        uts_child(&node, i, &child);
#pragma omp task firstprivate(child) default(none)
        visit(child);
    }
}

static long openmp(const struct uts_node *root)
{
    long nodes = 0;
#pragma omp parallel
#pragma omp single
    visit(*root);
    for (int i = 0; i < 256; i++)
        nodes += counts[i].nodes;
    return nodes;
}

int main(int argc, char **argv)
{
    struct uts_node root;
    if (argc < 3 || !uts_named(argv[2], &uts))
        return EXIT_FAILURE;
    if (argc > 3)
        omp_set_num_threads(atoi(argv[3]));
    uts_begin(&uts);
    uts_root(&uts, &root);
    double begin = omp_get_wtime();
    long nodes = strcmp(argv[1], "serial") == 0 ? serial(&root) : openmp(&root);
    printf("%ld %.4f\n", nodes, omp_get_wtime() - begin);
    return EXIT_SUCCESS;
}
