/* Sends from every rank to every rank: small data with one aggregated message from each node to
 * each, large data from rank to rank: inside a node through node memory, between nodes by
 * messages. */
#include "base/error.h"
#include "base/round_up.h"
#include "collective/node_aggregate.h"
#include "collective/node_exchange.h"
#include "comm/mpi_error.h"

#include <inttypes.h>
#include <string.h>

enum {
    TAG = 3
};

/* What this rank sends to all ranks, or receives from all, in their order. */
struct parts {
    const struct layout *layout;
    const void *base;
    int64_t each;                       /* elements of each part, if `counts` is NULL */
    const int64_t *counts;              /* of each part */
    struct part_place message, on_node; /* the last that were found for rpi_transfer_rounds() and
                                           rpi_node_exchange() */
};

/* A call in progress. Each pair of a rank of this node and any rank has a slot in the node's
 * aggregated message: those that this node sends fill its first half, node after node of the
 * receivers; those that it receives the second half, node after node of the senders. Within two
 * nodes, the slots of one receiver follow one another. */
struct alltoall {
    struct collective collective;
    struct parts mine, all;
    size_t slot;       /* bytes; 0: no data goes that way */
    size_t head;       /* bytes before the data of a slot, for their count */
    int64_t *received; /* rp_alltoallv(): the counts of `all`, or NULL */
    int64_t most;
};

static struct run parts_find(const struct parts *parts, int rank, struct part_place *place)
{
    if (parts->counts == NULL)
        return rpi_run(parts->layout, parts->base, rank * parts->each, parts->each);
    if (rank < place->rank)
        *place = (struct part_place){0, 0};
    for (; place->rank < rank; place->rank++)
        place->first += parts->counts[place->rank];
    return rpi_run(parts->layout, parts->base, place->first, parts->counts[rank]);
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* A node's part of a half of the aggregated message. */
static char *slots_of_node(const struct alltoall *exchange, int half, int node)
{
    const struct world *world = &exchange->collective.pool->world;
    size_t first = (size_t)world->node_first[node] * (size_t)world->node_ranks;
    return rpi_aggregate_base(exchange->collective.pool) + half * (AGGREGATE_BYTES / 2) +
           first * exchange->slot;
}

static int slots_node_bytes(const struct alltoall *exchange, int node)
{
    const struct world *world = &exchange->collective.pool->world;
    return world_ranks_on(world, node) * world->node_ranks * (int)exchange->slot;
}

/* The slot for the rank at `place` in world->by_node. */
static char *slots_to(const struct alltoall *exchange, int place)
{
    const struct world *world = &exchange->collective.pool->world;
    int node = world->node_of[world->by_node[place]], within = place - world->node_first[node];
    size_t slot = (size_t)(within * world->node_ranks + world->node_rank);
    return slots_of_node(exchange, 0, node) + slot * exchange->slot;
}

/* The slot from that rank. On this node it is where that rank filled it. */
static const char *slots_from(const struct alltoall *exchange, int place)
{
    const struct world *world = &exchange->collective.pool->world;
    int node = world->node_of[world->by_node[place]], within = place - world->node_first[node];
    size_t slot = (size_t)(world->node_rank * world_ranks_on(world, node) + within);
    return slots_of_node(exchange, node == world->node ? 0 : 1, node) + slot * exchange->slot;
}

/* Do these data fit into a slot? Sender and receiver find the same. */
static bool slots_fit(const struct alltoall *exchange, const struct run *part)
{
    int64_t space = (int64_t)exchange->slot - (int64_t)exchange->head;
    return exchange->slot > 0 && part->units <= space / part->layout->size;
}

static int slots_fill(const struct alltoall *exchange, char *slot, const struct run *part)
{
    int64_t count = part->units / part->layout->units;
    memcpy(slot, &count, exchange->head);
    return slots_fit(exchange, part)
               ? rpi_aggregate_pack(exchange->collective.pool, part, slot + exchange->head)
               : MPI_SUCCESS;
}

static int slots_fill_all(const struct alltoall *exchange)
{
    const struct world *world = &exchange->collective.pool->world;
    struct part_place found = {0, 0};
    int code = MPI_SUCCESS;
    for (int place = 0; place < world->ranks && code == MPI_SUCCESS; place++) {
        struct run part = parts_find(&exchange->mine, world->by_node[place], &found);
        code = slots_fill(exchange, slots_to(exchange, place), &part);
    }
    return code;
}

static int slots_empty_all(const struct alltoall *exchange)
{
    const struct world *world = &exchange->collective.pool->world;
    struct part_place found = {0, 0};
    int code = MPI_SUCCESS;
    for (int place = 0; place < world->ranks && code == MPI_SUCCESS; place++) {
        struct run part = parts_find(&exchange->all, world->by_node[place], &found);
        if (slots_fit(exchange, &part))
            code = rpi_aggregate_unpack(exchange->collective.pool, &part,
                                        slots_from(exchange, place) + exchange->head);
    }
    return code;
}

static void slots_read_counts(const struct alltoall *exchange)
{
    const struct world *world = &exchange->collective.pool->world;
    for (int place = 0; place < world->ranks; place++)
        memcpy(&exchange->received[world->by_node[place]], slots_from(exchange, place),
               sizeof(int64_t));
}

/* The first ranks of the nodes exchange their messages, in rounds: each sends to the next node,
 * then to the one after it ... */
static int slots_exchange(const struct alltoall *exchange)
{
    rp_pool *pool = exchange->collective.pool;
    const struct world *world = &pool->world;
    int code = MPI_SUCCESS;
    for (int i = 1; i < world->nodes && code == MPI_SUCCESS; i++) {
        int to = (world->node + i) % world->nodes;
        int from = (world->node - i + world->nodes) % world->nodes;
        pool->traffic.aggregates++;
        code = MPI_Sendrecv(slots_of_node(exchange, 0, to), slots_node_bytes(exchange, to),
                            MPI_BYTE, to, TAG, slots_of_node(exchange, 1, from),
                            slots_node_bytes(exchange, from), MPI_BYTE, from, TAG, world->leaders,
                            MPI_STATUS_IGNORE);
    }
    return code;
}

/* From filled slots to those that can be emptied. */
static int slots_cross(const struct alltoall *exchange)
{
    rp_pool *pool = exchange->collective.pool;
    if (pool->world.nodes == 1)
        return MPI_SUCCESS;
    if (pool->world.leaders != MPI_COMM_NULL)
        rpi_aggregate_fill(pool, slots_exchange(exchange));
    return rpi_aggregate_await(pool);
}

/* ---- rank to rank ---------------------------------------------------------------------------- */

/* A part that does not go by a slot, else an empty one. */
static struct run exchange_direct_part(const struct alltoall *exchange, const struct parts *parts,
                                       int rank, struct part_place *place)
{
    struct run part = parts_find(parts, rank, place);
    return slots_fit(exchange, &part) ? rpi_run_part(&part, 0, 0) : part;
}

/* A part that goes by message, else an empty one. */
static struct run exchange_message(void *closure, int rank, bool receive)
{
    struct alltoall *exchange = closure;
    struct parts *parts = receive ? &exchange->all : &exchange->mine;
    struct run part = exchange_direct_part(exchange, parts, rank, &parts->message);
    if (rpi_node_carries(&exchange->collective, rank))
        part.units = 0;
    return part;
}

static struct node_part exchange_node_part(void *closure, int rank, bool receive)
{
    struct alltoall *exchange = closure;
    struct parts *parts = receive ? &exchange->all : &exchange->mine;
    if (!rpi_node_carries(&exchange->collective, rank))
        return (struct node_part){NULL, 0};
    struct run part = exchange_direct_part(exchange, parts, rank, &parts->on_node);
    return (struct node_part){part.base, (size_t)(part.units * part.layout->size)};
}

static void exchange_copy_own(const struct alltoall *exchange, struct transfer *transfer)
{
    int rank = exchange->collective.pool->world.rank;
    struct part_place sent = {0, 0}, received = {0, 0};
    struct run own = exchange_direct_part(exchange, &exchange->mine, rank, &sent);
    struct run own_place = exchange_direct_part(exchange, &exchange->all, rank, &received);
    rpi_transfer_copy(transfer, &own, &own_place);
}

/* Copies and exchanges on this node while messages are on their way. Returns MPI's error code. */
static int exchange_directly(struct alltoall *exchange)
{
    const rp_pool *pool = exchange->collective.pool;
    struct transfer transfer;
    rpi_transfer_begin(&transfer, pool->world.comm);
    rpi_transfer_rounds(&transfer, exchange_message, exchange);
    exchange_copy_own(exchange, &transfer);
    rpi_node_exchange(pool, exchange_node_part, exchange, &transfer);
    return rpi_transfer_end(&transfer);
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* The number of elements that this rank receives; INT64_MAX: more than can be counted. */
static int64_t exchange_sum_received(const struct alltoall *exchange)
{
    int64_t sum = 0;
    for (int rank = 0; rank < exchange->collective.pool->world.ranks; rank++)
        sum +=
            exchange->received[rank] < INT64_MAX - sum ? exchange->received[rank] : INT64_MAX - sum;
    return sum;
}

/* Tells every rank how much it receives, and makes sure that it has room for it. `code`: MPI's, of
 * the exchange of the slots. */
static rp_status exchange_learn_counts(const struct alltoall *exchange, int code)
{
    rp_pool *pool = exchange->collective.pool;
    struct vote vote = rpi_vote(CALL_MOVED);
    if (exchange->slot == 0)
        code = MPI_Alltoall(exchange->mine.counts, 1, MPI_INT64_T, exchange->received, 1,
                            MPI_INT64_T, pool->world.comm);
    else if (code == MPI_SUCCESS)
        slots_read_counts(exchange);
    if (rpi_mpi_check(code, "exchanging counts by MPI", &vote.error) != RP_OK)
        return rpi_pool_agree(pool, &vote);
    int64_t needed = exchange_sum_received(exchange);
    if (needed > exchange->most)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT,
                      "most is %" PRId64 ", but this rank receives %" PRId64
                      " elements: make room for them in all",
                      exchange->most, needed);
    return rpi_pool_agree(pool, &vote);
}

/* What fits goes by the slots, the rest from rank to rank. */
static rp_status exchange_run(struct alltoall *exchange)
{
    struct collective *collective = &exchange->collective;
    bool large = exchange->slot == 0 || exchange->received != NULL;
    struct vote vote = rpi_vote(CALL_MOVED);
    int code = MPI_SUCCESS;
    if (exchange->slot > 0) {
        if (rpi_collective_end(collective, slots_fill_all(exchange), "MPI_Pack") != RP_OK)
            return collective->pool->last.status;
        code = slots_cross(exchange);
    }
    if (exchange->received != NULL && exchange_learn_counts(exchange, code) != RP_OK)
        return collective->pool->last.status;
    if (exchange->slot > 0 && code == MPI_SUCCESS)
        code = slots_empty_all(exchange);
    if (large) {
        int direct = exchange_directly(exchange);
        code = code == MPI_SUCCESS ? direct : code;
    }
    rpi_mpi_check(code, "sending from all ranks to all by MPI", &vote.error);
    return rpi_pool_agree(collective->pool, &vote);
}

rp_status rp_alltoall(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all)
{
    struct alltoall exchange = {.received = NULL};
    struct collective *collective = &exchange.collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin(collective, pool, CALL_ALLTOALL, 0, n, element);
    int64_t whole = n > INT64_MAX / pool->world.ranks ? INT64_MAX : n * pool->world.ranks;
    if (collective->vote.error.status == RP_OK && !rpi_layout_fits(&collective->layout, whole))
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "n elements for each rank are more than memory can hold");
    struct run leaving = rpi_collective_buffer(collective, "mine", mine, whole);
    struct run arriving = rpi_collective_buffer(collective, "all", all, whole);
    rpi_collective_apart(collective, &leaving, &arriving);
    exchange.mine = (struct parts){.layout = &collective->layout, .base = mine, .each = n};
    exchange.all = (struct parts){.layout = &collective->layout, .base = all, .each = n};
    rpi_node_announce_layout(collective);
    if (rpi_collective_agree(collective) != RP_OK)
        return pool->last.status;
    struct run part = rpi_run(&collective->layout, mine, 0, n);
    exchange.slot = rpi_aggregate_slot(collective);
    if (!slots_fit(&exchange, &part))
        exchange.slot = 0;
    else
        exchange.slot = round_up((size_t)(part.units * part.layout->size), sizeof(int64_t));
    return exchange_run(&exchange);
}

/* The arguments about what is received. */
static void alltoallv_check_room(struct alltoall *exchange)
{
    struct collective *collective = &exchange->collective;
    size_t bytes = (size_t)collective->pool->world.ranks * sizeof(int64_t);
    uintptr_t counts = (uintptr_t)exchange->mine.counts, received = (uintptr_t)exchange->received;
    if (exchange->received == NULL)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "received is NULL: give an array of a count for each rank");
    else if (received < counts + bytes && counts < received + bytes)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT, "counts and received overlap in memory");
    else if (exchange->most < 0)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT, "most is negative: give 0 or more");
    else if (collective->vote.error.status == RP_OK &&
             !rpi_layout_fits(&collective->layout, exchange->most))
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "most elements of this size are more than memory can hold");
}

rp_status rp_alltoallv(rp_pool *pool, const void *mine, const int64_t *counts, rp_element element,
                       void *all, int64_t most, int64_t *received)
{
    struct alltoall exchange = {.head = sizeof(int64_t), .received = received, .most = most};
    struct collective *collective = &exchange.collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin_counted(collective, pool, CALL_ALLTOALLV, 0, counts, element);
    collective->vote.terms[COLLECTIVE_N] = 0; /* each rank has its own */
    collective->vote.terms[COLLECTIVE_COUNTS] = 0;
    exchange.mine = (struct parts){.layout = &collective->layout, .base = mine, .counts = counts};
    exchange.all = (struct parts){.layout = &collective->layout, .base = all, .counts = received};
    alltoallv_check_room(&exchange);
    struct run leaving = rpi_collective_buffer(collective, "mine", mine, collective->n);
    struct run arriving = rpi_collective_buffer(collective, "all", all, most);
    rpi_collective_apart(collective, &leaving, &arriving);
    rpi_node_announce_layout(collective);
    if (rpi_collective_agree(collective) != RP_OK)
        return pool->last.status;
    exchange.slot = rpi_aggregate_slot(collective);
    return exchange_run(&exchange);
}
