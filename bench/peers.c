/* For bench/peers.sh: a tree of the UTS benchmark by libcircle, whose items are strings; and the
 * random numbers of UTS's MPI code by the same library for SHA-1 as Rankpool's apps/search, so that
 * the two differ in how they share work only. `circle TREE` prints nodes and seconds. */
#include "trees/uts.h"

#include <string.h>

#ifdef WITH_LIBCIRCLE

#include <libcircle.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static struct uts uts;
static long nodes;

/* A node as a string: two characters a byte, then the level. */
static void node_write(const struct uts_node *node, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < UTS_STATE; i++) {
        *text++ = digits[node->state[i] >> 4];
        *text++ = digits[node->state[i] & 15];
    }
    sprintf(text, "%d", (int)node->level);
}

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void node_read(const char *text, struct uts_node *node)
{
    for (int i = 0; i < UTS_STATE; i++, text += 2)
        node->state[i] = (uint8_t)(digit_of(text[0]) << 4 | digit_of(text[1]));
    node->level = atoi(text);
}

static void begin(CIRCLE_handle *handle)
{
    struct uts_node root;
    char text[64];
    uts_root(&uts, &root);
    node_write(&root, text);
    handle->enqueue(text);
}

static void visit(CIRCLE_handle *handle)
{
    struct uts_node node, child;
    char text[CIRCLE_MAX_STRING_LEN];
    handle->dequeue(text);
    node_read(text, &node);
    nodes++;
    for (int i = 0, children = uts_children(&uts, &node); i < children; i++) {
        uts_child(&node, i, &child);
        node_write(&child, text);
        handle->enqueue(text);
    }
}

int main(int argc, char **argv)
{
    long all = 0;
    if (argc < 2 || !uts_named(argv[1], &uts))
        return EXIT_FAILURE;
    uts_begin(&uts);
    MPI_Init(&argc, &argv);
    int rank = CIRCLE_init(argc, argv, CIRCLE_DEFAULT_FLAGS);
    CIRCLE_enable_logging(CIRCLE_LOG_FATAL);
    CIRCLE_cb_create(begin);
    CIRCLE_cb_process(visit);
    MPI_Barrier(MPI_COMM_WORLD);
    double begun = MPI_Wtime();
    CIRCLE_begin();
    MPI_Reduce(&nodes, &all, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    double seconds = MPI_Wtime() - begun;
    CIRCLE_finalize();
    if (rank == 0)
        printf("%ld %.4f\n", all, seconds);
    MPI_Finalize();
    return EXIT_SUCCESS;
}

#else

#include <stdio.h>

/* What rng/rng.h of UTS declares. */
void rng_init(uint8_t *state, int seed);
void rng_spawn(uint8_t *state, uint8_t *child, int number);
int rng_rand(uint8_t *state);
int rng_nextrand(uint8_t *state);
char *rng_showstate(uint8_t *state, char *text);
int rng_showtype(char *text, int at);

void rng_init(uint8_t *state, int seed)
{
    struct uts uts = {.root = (uint64_t)seed};
    struct uts_node root;
    uts_root(&uts, &root);
    memcpy(state, root.state, UTS_STATE);
}

void rng_spawn(uint8_t *state, uint8_t *child, int number)
{
    struct uts_node from = {.level = 0}, to;
    memcpy(from.state, state, UTS_STATE);
    uts_child(&from, number, &to);
    memcpy(child, to.state, UTS_STATE);
}

int rng_rand(uint8_t *state)
{
    const uint8_t *last = state + 16;
    return (last[0] & 127) << 24 | last[1] << 16 | last[2] << 8 | last[3];
}

int rng_nextrand(uint8_t *state)
{
    rng_spawn(state, state, 0);
    return rng_rand(state);
}

char *rng_showstate(uint8_t *state, char *text)
{
    sprintf(text, "%d", rng_rand(state));
    return text;
}

int rng_showtype(char *text, int at)
{
    return at + sprintf(text + at, "SHA-1 by Nettle");
}

#endif
