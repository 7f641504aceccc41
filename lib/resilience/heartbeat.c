#include "resilience/heartbeat.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Signs of life in the time of a silence that is too long: some may be late. */
static const double signs = 4;

bool rpi_heartbeat_begin(struct heartbeat *heartbeat, int nodes, double limit)
{
    *heartbeat = (struct heartbeat){.limit = limit, .nodes = nodes};
    heartbeat->heard = malloc((size_t)nodes * sizeof *heartbeat->heard);
    for (int i = 0; heartbeat->heard != NULL && i < nodes; i++)
        heartbeat->heard[i] = INFINITY;
    return heartbeat->heard != NULL;
}

void rpi_heartbeat_end(struct heartbeat *heartbeat)
{
    free(heartbeat->heard);
    heartbeat->heard = NULL;
}

void rpi_heartbeat_watch(struct heartbeat *heartbeat, const struct world *world, double now)
{
    bool root = world->rank == world->root;
    for (int node = 0; node < world->nodes; node++) {
        if (node != world->node && (root || node == world->root_node))
            heartbeat->heard[node] = now;
    }
    heartbeat->spoken = now;
}

void rpi_heartbeat_heard(struct heartbeat *heartbeat, int node, double now)
{
    if (heartbeat->heard[node] < now)
        heartbeat->heard[node] = now;
}

void rpi_heartbeat_dismiss(struct heartbeat *heartbeat, int node)
{
    heartbeat->heard[node] = INFINITY;
}

int rpi_heartbeat_silent(const struct heartbeat *heartbeat, double now)
{
    for (int i = 0; heartbeat->limit > 0 && i < heartbeat->nodes; i++) {
        if (now - heartbeat->heard[i] > heartbeat->limit)
            return i;
    }
    return -1;
}

void rpi_heartbeat_accuse(const struct heartbeat *heartbeat, const struct world *world, int node,
                          rp_error *error)
{
    rpi_error_set(error, RP_ERR_LOST, "node %d (%s) has not answered for %g s", node,
                  world->hosts[node], heartbeat->limit);
    memcpy(error->host, world->hosts[node], sizeof error->host);
    for (int rank = world->ranks - 1; rank >= 0; rank--) {
        if (world->node_of[rank] == node)
            error->rank = rank;
    }
}

bool rpi_heartbeat_spoke(struct heartbeat *heartbeat, double now)
{
    if (heartbeat->limit <= 0 || now - heartbeat->spoken < heartbeat->limit / signs)
        return false;
    heartbeat->spoken = now;
    return true;
}
