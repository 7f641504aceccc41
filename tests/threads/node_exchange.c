/* The exchange through node memory, with threads as the ranks of a node: every byte arrives where
 * it belongs, whatever the lengths are, and in one call after the other. In the last call a thread
 * dies: the others return all the same.
 *
 * usage: tests/threads/node_exchange [CALLS [THREADS]] */
#include "collective/node_exchange.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 16,
    MOST_BYTES = 300000 /* more than a ring holds */
};

struct rank {
    rp_pool pool; /* only what the exchange uses */
    struct collectives collectives;
    struct liveness liveness;
    size_t call;                                 /* number `calls`: the last */
    char *from[MOST_THREADS], *to[MOST_THREADS]; /* by rank */
};

static struct rank of[MOST_THREADS];
static size_t calls = 200;
static int ranks = 6;
static pthread_barrier_t agreement, survivors;
static struct liveness_entry *lives;
static int by_node[MOST_THREADS], node_first[] = {0, MOST_THREADS};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "FAILED: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t mixed(size_t call, int from, int to)
{
    uint64_t word = call * 1000003 + (uint64_t)(from * MOST_THREADS + to) + 1;
    word *= UINT64_C(0x9e3779b97f4a7c15);
    return word ^ word >> 29;
}

/* A third of the parts are empty, a third small, and a third may be large. */
static size_t length(size_t call, int from, int to)
{
    uint64_t word = mixed(call, from, to);
    size_t most[] = {1, 100, MOST_BYTES};
    return call < calls ? (size_t)(word >> 8) % most[word % 3] : MOST_BYTES;
}

static void content_set(char *bytes, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)(seed >> i % 56);
}

static bool content_is(const char *bytes, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != (char)(seed >> i % 56))
            return false;
    return true;
}

/* Rank 1 dies before it sends the last part of the last call, for which rank 0 waits. */
static void maybe_die(struct rank *rank, int receiver)
{
    int me = rank->pool.world.node_rank;
    if (rank->call < calls || me != 1 || receiver != me - 1)
        return;
    rpi_liveness_release(&rank->liveness);
    pthread_exit(NULL);
}

static struct node_part part_of(void *closure, int other, bool receive)
{
    struct rank *rank = closure;
    int me = rank->pool.world.node_rank;
    if (receive)
        return (struct node_part){rank->to[other], length(rank->call, other, me)};
    maybe_die(rank, other);
    return (struct node_part){rank->from[other], length(rank->call, me, other)};
}

static void check(const struct rank *rank)
{
    int me = rank->pool.world.node_rank;
    for (int i = 0; i < ranks; i++) {
        size_t bytes = length(rank->call, i, me);
        if (i == me)
            continue;
        require(rpi_node_announced(&rank->pool, i) == (int64_t)bytes, "another announcement");
        require(content_is(rank->to[i], bytes, mixed(rank->call, i, me)), "wrong bytes");
        require(rank->to[i][bytes] == 42, "a byte too many");
    }
}

static void call_once(struct rank *rank)
{
    struct transfer none;
    int me = rank->pool.world.node_rank;
    for (int i = 0; i < ranks; i++) {
        size_t bytes = length(rank->call, me, i);
        content_set(rank->from[i], bytes, mixed(rank->call, me, i));
        memset(rank->to[i], 42, MOST_BYTES);
        rpi_node_announce(&rank->pool, i, (int64_t)bytes);
    }
    pthread_barrier_wait(&agreement);
    rpi_transfer_begin(&none, MPI_COMM_NULL);
    rpi_node_exchange(&rank->pool, part_of, rank, &none);
}

static void *run(void *argument)
{
    struct rank *rank = argument;
    int me = rank->pool.world.node_rank;
    require(rpi_liveness_join(&rank->liveness, lives, ranks, me, me), "no robust lock");
    for (rank->call = 0; rank->call < calls; rank->call++) {
        call_once(rank);
        check(rank);
        pthread_barrier_wait(&agreement);
    }
    call_once(rank);
    require(ranks == 1 || me != 0 || rpi_liveness_look(&rank->liveness) == 1, "no death");
    pthread_barrier_wait(&survivors);
    rpi_liveness_leave(&rank->liveness);
    return NULL;
}

static void *zeroed(size_t bytes)
{
    const size_t page = 4096, whole = (bytes + page - 1) / page * page;
    void *memory = aligned_alloc(page, whole);
    require(memory != NULL, "no memory");
    return memset(memory, 0, whole);
}

static void rank_make(int i, void *rings)
{
    struct rank *rank = &of[i];
    rank->collectives.rings = rings;
    rank->pool.collectives = &rank->collectives;
    rank->pool.world = (struct world){.node_rank = i,
                                      .node_ranks = ranks,
                                      .ranks = ranks,
                                      .nodes = 1,
                                      .node_first = node_first,
                                      .by_node = by_node,
                                      .crowding = ranks / 2.0,
                                      .agreement.liveness = &rank->liveness};
    for (int j = 0; j < ranks; j++) {
        rank->from[j] = malloc(MOST_BYTES + 1);
        rank->to[j] = malloc(MOST_BYTES + 1);
        require(rank->from[j] != NULL && rank->to[j] != NULL, "no memory");
    }
}

int main(int argc, char **argv)
{
    pthread_t thread[MOST_THREADS];
    if (argc > 1)
        calls = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        ranks = atoi(argv[2]);
    if (ranks < 1 || ranks > MOST_THREADS)
        return EXIT_FAILURE;
    void *rings = zeroed(rpi_node_exchange_bytes(ranks));
    lives = zeroed(rpi_liveness_bytes(ranks));
    require(rpi_liveness_prepare(lives, ranks), "no robust locks");
    pthread_barrier_init(&agreement, NULL, (unsigned)ranks);
    pthread_barrier_init(&survivors, NULL, ranks > 1 ? (unsigned)ranks - 1 : 1);
    for (int i = 0; i < ranks; i++) {
        by_node[i] = i;
        rank_make(i, rings);
    }
    for (int i = 0; i < ranks; i++)
        require(pthread_create(&thread[i], NULL, run, &of[i]) == 0, "no thread");
    for (int i = 0; i < ranks; i++)
        pthread_join(thread[i], NULL);
    printf("%zu calls of %d threads\n", calls, ranks);
    return EXIT_SUCCESS;
}
