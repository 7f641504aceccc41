#include "distrib/heartbeat.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Heartbeat messages per time limit: more than one, since some may be late; looks per limit. */
static const double messages_per_limit = 4, looks_per_limit = 16;

bool rpi_heartbeat_begin(struct heartbeat *heartbeat, int nodes, double limit)
{
    *heartbeat = (struct heartbeat){.limit = limit, .nodes = nodes};
    heartbeat->received = malloc((size_t)nodes * sizeof *heartbeat->received);
    for (int i = 0; heartbeat->received != NULL && i < nodes; i++)
        heartbeat->received[i] = INFINITY;
    return heartbeat->received != NULL;
}

void rpi_heartbeat_end(struct heartbeat *heartbeat)
{
    free(heartbeat->received);
    heartbeat->received = NULL;
}

void rpi_heartbeat_watch(struct heartbeat *heartbeat, const struct world *world, double now)
{
    bool root = world->rank == world->root;
    for (int node = 0; node < world->nodes; node++) {
        if (node != world->node && (root || node == world->root_node))
            heartbeat->received[node] = now;
    }
    heartbeat->sent = now;
}

void rpi_heartbeat_received(struct heartbeat *heartbeat, int node, double now)
{
    if (heartbeat->received[node] < now)
        heartbeat->received[node] = now;
}

void rpi_heartbeat_unwatch(struct heartbeat *heartbeat, int node)
{
    heartbeat->received[node] = INFINITY;
}

int rpi_heartbeat_silent(struct heartbeat *heartbeat, double now)
{
    if (heartbeat->limit <= 0 || now < heartbeat->next_look)
        return -1;
    heartbeat->next_look = now + heartbeat->limit / looks_per_limit;
    for (int i = 0; i < heartbeat->nodes; i++) {
        if (now - heartbeat->received[i] > heartbeat->limit)
            return i;
    }
    return -1;
}

void rpi_heartbeat_error(const struct heartbeat *heartbeat, const struct world *world, int node,
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

bool rpi_heartbeat_due(struct heartbeat *heartbeat, double now)
{
    if (heartbeat->limit <= 0 || now - heartbeat->sent < heartbeat->limit / messages_per_limit)
        return false;
    heartbeat->sent = now;
    return true;
}
