#include "collective/node_exchange.h"

#include "base/round_up.h"

#include <stdalign.h>
#include <string.h>

enum {
    SEGMENTS = 4,
    SEGMENT_BYTES = 1 << 15, /* with what is copied from or to it, fits into a core's own cache */
    RECEIVER_BITS = 20       /* more than enough for the ranks of a node */
};

/* A rank's, in node memory, followed by what it announces to each rank.
 *
 * changed   The rank waits for it, as sender and as receiver. Those announce a change here that
 *           fill a segment for the rank, or empty one of its own.
 * full      By segment. 0: it is empty, and the rank may fill it; else which segment of which
 *           receiver it contains (full_of()). The rank stores that with release when the bytes are
 *           there; the receiver reads it with acquire, copies the bytes, and stores 0 with release,
 *           which the rank reads with acquire before it overwrites them.
 * plain, announced   The rank writes them before the agreement that begins a collective; the others
 *           read them before the one that ends it. */
struct ring {
    alignas(APART) struct eventcount changed;
    alignas(APART) _Atomic uint64_t full[SEGMENTS];
    alignas(APART) char segments[SEGMENTS][SEGMENT_BYTES];
    bool plain;
    int64_t announced[];
};

static size_t ring_distance(int node_ranks)
{
    return round_up(sizeof(struct ring) + (size_t)node_ranks * sizeof(int64_t), APART);
}

size_t rpi_node_exchange_bytes(int node_ranks)
{
    return (size_t)node_ranks * ring_distance(node_ranks);
}

static struct ring *ring_of(const rp_pool *pool, int node_rank)
{
    char *first = (char *)pool->collectives->rings;
    return (struct ring *)(first + (size_t)node_rank * ring_distance(pool->world.node_ranks));
}

void rpi_node_announce_layout(const struct collective *collective)
{
    const rp_pool *pool = collective->pool;
    if (!pool->loop.open)
        ring_of(pool, pool->world.node_rank)->plain = rpi_layout_plain(&collective->layout);
}

bool rpi_node_carries(const struct collective *collective, int rank)
{
    const rp_pool *pool = collective->pool;
    int node_rank = rpi_world_node_rank(&pool->world, rank);
    return node_rank >= 0 && node_rank != pool->world.node_rank &&
           rpi_layout_plain(&collective->layout) && ring_of(pool, node_rank)->plain;
}

void rpi_node_announce(const rp_pool *pool, int node_rank, int64_t bytes)
{
    ring_of(pool, pool->world.node_rank)->announced[node_rank] = bytes;
}

int64_t rpi_node_announced(const rp_pool *pool, int node_rank)
{
    return ring_of(pool, node_rank)->announced[pool->world.node_rank];
}

/* ---- one call -------------------------------------------------------------------------------- */

/* What this rank sends, or what it receives: the part of the current round. */
struct direction {
    bool receive;
    int round;        /* node_ranks: all is done */
    int node_rank;    /* of the other rank */
    uint64_t segment; /* the next, of this part */
    struct node_part left;
};

struct node_exchange {
    const rp_pool *pool;
    node_part_of part_of;
    void *closure;
    struct ring *own;
    int64_t filled; /* segments of the own ring, in this call */
    struct direction sent, received;
};

static uint64_t full_of(uint64_t segment, int receiver)
{
    return (segment + 1) << RECEIVER_BITS | (uint64_t)receiver;
}

static size_t segment_bytes(const struct direction *direction)
{
    return direction->left.bytes < SEGMENT_BYTES ? direction->left.bytes : SEGMENT_BYTES;
}

/* Goes on to the next round in which there is something to copy. */
static void direction_next(const struct node_exchange *exchange, struct direction *direction)
{
    const struct world *world = &exchange->pool->world;
    int n = world->node_ranks;
    while (direction->left.bytes == 0 && ++direction->round < n) {
        int after = direction->receive ? n - direction->round : direction->round;
        direction->node_rank = (world->node_rank + after) % n;
        direction->segment = 0;
        int rank = world->by_node[world->node_first[world->node] + direction->node_rank];
        direction->left = exchange->part_of(exchange->closure, rank, direction->receive);
    }
}

static void direction_advance(const struct node_exchange *exchange, struct direction *direction,
                              size_t bytes)
{
    direction->left.at += bytes;
    direction->left.bytes -= bytes;
    direction->segment++;
    direction_next(exchange, direction);
}

/* Fills a segment, if one is empty. */
static bool exchange_fill(struct node_exchange *exchange)
{
    struct direction *sent = &exchange->sent;
    int i = (int)(exchange->filled % SEGMENTS);
    if (sent->left.bytes == 0 ||
        atomic_load_explicit(&exchange->own->full[i], memory_order_acquire) != 0)
        return false;
    size_t bytes = segment_bytes(sent);
    memcpy(exchange->own->segments[i], sent->left.at, bytes);
    atomic_store_explicit(&exchange->own->full[i], full_of(sent->segment, sent->node_rank),
                          memory_order_release);
    rpi_eventcount_notify_all(&ring_of(exchange->pool, sent->node_rank)->changed);
    exchange->filled++;
    direction_advance(exchange, sent, bytes);
    return true;
}

/* Where the ring has the segment; -1: not yet. */
static int ring_find(struct ring *ring, uint64_t full)
{
    for (int i = 0; i < SEGMENTS; i++)
        if (atomic_load_explicit(&ring->full[i], memory_order_acquire) == full)
            return i;
    return -1;
}

/* Empties a segment, if one is full for this rank. */
static bool exchange_empty(struct node_exchange *exchange)
{
    struct direction *received = &exchange->received;
    if (received->left.bytes == 0)
        return false;
    struct ring *ring = ring_of(exchange->pool, received->node_rank);
    int i = ring_find(ring, full_of(received->segment, exchange->pool->world.node_rank));
    if (i < 0)
        return false;
    size_t bytes = segment_bytes(received);
    memcpy(received->left.at, ring->segments[i], bytes);
    atomic_store_explicit(&ring->full[i], 0, memory_order_release);
    rpi_eventcount_notify_all(&ring->changed);
    direction_advance(exchange, received, bytes);
    return true;
}

/* A collective that exchanges data needs all ranks, so a death is one since it began. */
static bool exchange_lost(const struct node_exchange *exchange)
{
    struct liveness *liveness = exchange->pool->world.agreement.liveness;
    return liveness != NULL && rpi_liveness_look(liveness) > 0;
}

void rpi_node_exchange(const rp_pool *pool, node_part_of part_of, void *closure,
                       struct transfer *transfer)
{
    /* In seconds. With messages on their way, the rank must drive MPI's progress; otherwise the
     * limit matters only for deaths. */
    const double longest_sleep = 0.1, longest_sleep_with_messages = 1e-3;
    bool messages = rpi_transfer_pending(transfer);
    struct node_exchange exchange = {.pool = pool,
                                     .part_of = part_of,
                                     .closure = closure,
                                     .own = ring_of(pool, pool->world.node_rank),
                                     .received = {.receive = true}};
    direction_next(&exchange, &exchange.sent);
    direction_next(&exchange, &exchange.received);
    for (unsigned i = 1; exchange.sent.left.bytes > 0 || exchange.received.left.bytes > 0; i++) {
        uint32_t seen = rpi_eventcount_key(&exchange.own->changed);
        bool filled = exchange_fill(&exchange), emptied = exchange_empty(&exchange);
        bool moved = filled || emptied;
        if (messages && (!moved || i % SEGMENTS == 0))
            rpi_transfer_progress(transfer);
        if (moved)
            continue;
        if (exchange_lost(&exchange))
            return;
        rpi_eventcount_wait_soon(&exchange.own->changed, seen, pool->world.crowding <= 1,
                                 messages ? longest_sleep_with_messages : longest_sleep);
    }
}
