#include "pool/bundle.h"

#include "world/parts.h"

#include <stdalign.h>
#include <string.h>

enum {
    ALIGNED = 8,
    TAG = 2
};

struct bundle {
    alignas(APART) struct signal_word signal;
    _Atomic uint32_t filled;
    int code;
    alignas(APART) char bytes[BUNDLE_BYTES];
};

size_t rpi_bundle_bytes(void)
{
    return sizeof(struct bundle);
}

char *rpi_bundle_base(const rp_pool *pool)
{
    return pool->bundle->bytes;
}

/* ---- room ------------------------------------------------------------------------------------ */

/* Not more than a message may have, which tests make few. */
static int64_t most_bytes(const struct collective *collective)
{
    bool sound = collective->ballot.error.status == RP_OK;
    return sound && !collective->pool->directly ? rpi_part(BUNDLE_BYTES, 1) : 0;
}

static int64_t element_bytes(const struct collective *collective)
{
    return collective->layout.size * collective->layout.units;
}

bool rpi_bundle_hold(const struct collective *collective, int64_t count)
{
    int64_t most = most_bytes(collective);
    return most > 0 && count <= most / element_bytes(collective);
}

static int64_t largest_part(const struct collective *collective)
{
    int ranks = collective->pool->world.ranks;
    int64_t largest = 0;
    if (collective->counts == NULL)
        return collective->n / ranks + (collective->n % ranks != 0);
    for (int rank = 0; rank < ranks; rank++)
        largest = collective->counts[rank] > largest ? collective->counts[rank] : largest;
    return largest;
}

static int most_ranks(const struct world *world)
{
    int most = 0;
    for (int node = 0; node < world->nodes; node++) {
        int ranks = world->node_first[node + 1] - world->node_first[node];
        most = ranks > most ? ranks : most;
    }
    return most;
}

size_t rpi_bundle_room(const struct collective *collective, bool everyone)
{
    const struct world *world = &collective->pool->world;
    int64_t most = most_bytes(collective) / (everyone ? world->ranks : most_ranks(world));
    if (most == 0 || largest_part(collective) > most / element_bytes(collective))
        return 0;
    int64_t room = largest_part(collective) * element_bytes(collective);
    room = (room + ALIGNED - 1) / ALIGNED * ALIGNED;
    return room <= most ? (size_t)room : 0;
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Between machines of one kind, and others would not understand our letters either, MPI packs
 * values one behind the other. Should it not, that is an error and not a wrong result. */
static int expect_end(int code, int64_t end, int64_t expected)
{
    return code == MPI_SUCCESS && end != expected ? MPI_ERR_INTERN : code;
}

int rpi_bundle_pack(const rp_pool *pool, const struct run *run, char *to)
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
    return expect_end(code, end, bytes);
}

int rpi_bundle_unpack(const rp_pool *pool, const struct run *run, const char *from)
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
    return expect_end(code, end, bytes);
}

/* ---- between nodes --------------------------------------------------------------------------- */

static int bytes_of(const struct world *world, size_t room, int node)
{
    return (int)room * (world->node_first[node + 1] - world->node_first[node]);
}

int rpi_bundle_send(rp_pool *pool, const char *bundle, size_t room, int node, int rank)
{
    pool->traffic.bundles++;
    return MPI_Send(bundle, bytes_of(&pool->world, room, node), MPI_BYTE, rank, TAG,
                    pool->world.comm);
}

int rpi_bundle_receive(rp_pool *pool, char *bundle, size_t room, int node, int rank)
{
    return MPI_Recv(bundle, bytes_of(&pool->world, room, node), MPI_BYTE, rank, TAG,
                    pool->world.comm, MPI_STATUS_IGNORE);
}

int rpi_bundle_keeper(const rp_pool *pool, int node)
{
    return pool->world.by_node[pool->world.node_first[node]];
}

void rpi_bundle_fill(rp_pool *pool, int code)
{
    struct bundle *bundle = pool->bundle;
    bundle->code = code;
    atomic_store_explicit(&bundle->filled, pool->bundles_filled + 1, memory_order_release);
    rpi_signal_all(&bundle->signal);
}

int rpi_bundle_await(rp_pool *pool)
{
    const double longest_sleep = 0.1; /* matters only if a wake-up were lost */
    struct bundle *bundle = pool->bundle;
    pool->bundles_filled++;
    for (;;) {
        uint32_t seen = rpi_signal_seen(&bundle->signal);
        if (atomic_load_explicit(&bundle->filled, memory_order_acquire) == pool->bundles_filled)
            return bundle->code;
        rpi_signal_wait(&bundle->signal, seen, pool->world.crowding <= 1, longest_sleep);
    }
}
