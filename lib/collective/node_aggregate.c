#include "collective/node_aggregate.h"

#include "base/round_up.h"
#include "comm/bigcount.h"

#include <stdalign.h>
#include <string.h>

enum {
    ALIGNED = 8,
    TAG = 2
};

struct aggregate {
    alignas(APART) struct eventcount signal;
    _Atomic uint32_t filled;
    int code;
    alignas(APART) char bytes[AGGREGATE_BYTES];
};

size_t rpi_aggregate_bytes(void)
{
    return sizeof(struct aggregate);
}

char *rpi_aggregate_base(const rp_pool *pool)
{
    return pool->collectives->aggregate->bytes;
}

/* ---- room ------------------------------------------------------------------------------------ */

/* The limit is that of one message, which tests lower. */
static int64_t aggregate_most_bytes(const struct collective *collective)
{
    bool sound = collective->vote.error.status == RP_OK;
    return sound && !collective->pool->collectives->directly ? rpi_part(AGGREGATE_BYTES, 1) : 0;
}

static int64_t aggregate_element_bytes(const struct collective *collective)
{
    return collective->layout.size * collective->layout.units;
}

bool rpi_aggregate_hold(const struct collective *collective, int64_t count)
{
    int64_t most = aggregate_most_bytes(collective);
    return most > 0 && count <= most / aggregate_element_bytes(collective);
}

static int aggregate_most_ranks(const struct world *world)
{
    int most = 0;
    for (int node = 0; node < world->nodes; node++) {
        int ranks = world_ranks_on(world, node);
        most = ranks > most ? ranks : most;
    }
    return most;
}

size_t rpi_aggregate_room(const struct collective *collective, bool everyone)
{
    const struct world *world = &collective->pool->world;
    int64_t most =
        aggregate_most_bytes(collective) / (everyone ? world->ranks : aggregate_most_ranks(world));
    if (most == 0 ||
        rpi_collective_largest_part(collective) > most / aggregate_element_bytes(collective))
        return 0;
    int64_t room = rpi_collective_largest_part(collective) * aggregate_element_bytes(collective);
    room = (int64_t)round_up((size_t)room, ALIGNED);
    return room <= most ? (size_t)room : 0;
}

size_t rpi_aggregate_slot(const struct collective *collective)
{
    const struct world *world = &collective->pool->world;
    int64_t pairs = (int64_t)aggregate_most_ranks(world) * world->ranks;
    int64_t most = aggregate_most_bytes(collective) / 2 / pairs;
    return (size_t)(most / ALIGNED * ALIGNED);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Between machines of one kind, MPI packs values one after the other. (Machines of different kinds
 * would not understand our own messages either.) If it did not, this makes that an error, not a
 * wrong result. */
static int aggregate_expect_end(int code, int64_t end, int64_t expected)
{
    return code == MPI_SUCCESS && end != expected ? MPI_ERR_INTERN : code;
}

int rpi_aggregate_pack(const rp_pool *pool, const struct run *run, char *to)
{
    int64_t bytes = run->units * run->layout->size;
    int end = 0;
    if (bytes == 0)
        return MPI_SUCCESS;
    if (run->layout->type == MPI_BYTE) {
        memcpy(to, run->base, (size_t)bytes);
        return MPI_SUCCESS;
    }
    int code = MPI_Pack(run->base, (int)run->units, run->layout->type, to, (int)bytes, &end,
                        pool->world.comm);
    return aggregate_expect_end(code, end, bytes);
}

int rpi_aggregate_unpack(const rp_pool *pool, const struct run *run, const char *from)
{
    int64_t bytes = run->units * run->layout->size;
    int end = 0;
    if (bytes == 0)
        return MPI_SUCCESS;
    if (run->layout->type == MPI_BYTE) {
        memcpy(run->base, from, (size_t)bytes);
        return MPI_SUCCESS;
    }
    int code = MPI_Unpack(from, (int)bytes, &end, run->base, (int)run->units, run->layout->type,
                          pool->world.comm);
    return aggregate_expect_end(code, end, bytes);
}

/* ---- between nodes --------------------------------------------------------------------------- */

static int aggregate_node_bytes(const struct world *world, size_t room, int node)
{
    return (int)room * world_ranks_on(world, node);
}

int rpi_aggregate_send(rp_pool *pool, const char *aggregate, size_t room, int node, int rank)
{
    pool->traffic.aggregates++;
    return MPI_Send(aggregate, aggregate_node_bytes(&pool->world, room, node), MPI_BYTE, rank, TAG,
                    pool->world.comm);
}

int rpi_aggregate_receive(rp_pool *pool, char *aggregate, size_t room, int node, int rank)
{
    return MPI_Recv(aggregate, aggregate_node_bytes(&pool->world, room, node), MPI_BYTE, rank, TAG,
                    pool->world.comm, MPI_STATUS_IGNORE);
}

int rpi_aggregate_keeper(const rp_pool *pool, int node)
{
    return pool->world.by_node[pool->world.node_first[node]];
}

void rpi_aggregate_fill(rp_pool *pool, int code)
{
    struct aggregate *aggregate = pool->collectives->aggregate;
    aggregate->code = code;
    atomic_store_explicit(&aggregate->filled, pool->collectives->aggregates_filled + 1,
                          memory_order_release);
    rpi_eventcount_notify_all(&aggregate->signal);
}

int rpi_aggregate_await(rp_pool *pool)
{
    const double longest_sleep = 0.1; /* matters only if a wake-up were lost */
    struct aggregate *aggregate = pool->collectives->aggregate;
    pool->collectives->aggregates_filled++;
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&aggregate->signal);
        if (atomic_load_explicit(&aggregate->filled, memory_order_acquire) ==
            pool->collectives->aggregates_filled)
            return aggregate->code;
        rpi_eventcount_wait(&aggregate->signal, seen, pool->world.crowding <= 1, longest_sleep);
    }
}
