#include "pool/vigil.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Signs of life in the time of a silence that is too long: some may be late. */
static const double signs = 4;

bool rpi_vigil_begin(struct vigil *vigil, int nodes, double limit)
{
    *vigil = (struct vigil){.limit = limit, .nodes = nodes};
    vigil->heard = malloc((size_t)nodes * sizeof *vigil->heard);
    for (int i = 0; vigil->heard != NULL && i < nodes; i++)
        vigil->heard[i] = INFINITY;
    return vigil->heard != NULL;
}

void rpi_vigil_end(struct vigil *vigil)
{
    free(vigil->heard);
    vigil->heard = NULL;
}

void rpi_vigil_watch(struct vigil *vigil, const struct world *world, double now)
{
    bool root = world->rank == world->root;
    for (int node = 0; node < world->nodes; node++) {
        if (node != world->node && (root || node == world->root_node))
            vigil->heard[node] = now;
    }
    vigil->spoken = now;
}

void rpi_vigil_hear(struct vigil *vigil, int node, double now)
{
    if (vigil->heard[node] < now)
        vigil->heard[node] = now;
}

void rpi_vigil_dismiss(struct vigil *vigil, int node)
{
    vigil->heard[node] = INFINITY;
}

int rpi_vigil_silent(const struct vigil *vigil, double now)
{
    for (int i = 0; vigil->limit > 0 && i < vigil->nodes; i++) {
        if (now - vigil->heard[i] > vigil->limit)
            return i;
    }
    return -1;
}

void rpi_vigil_accuse(const struct vigil *vigil, const struct world *world, int node,
                      rp_error *error)
{
    rpi_error_set(error, RP_ERR_LOST, "node %d (%s) has not answered for %g s", node,
                  world->hosts[node], vigil->limit);
    memcpy(error->host, world->hosts[node], sizeof error->host);
    for (int rank = world->ranks - 1; rank >= 0; rank--) {
        if (world->node_of[rank] == node)
            error->rank = rank;
    }
}

bool rpi_vigil_speak(struct vigil *vigil, double now)
{
    if (vigil->limit <= 0 || now - vigil->spoken < vigil->limit / signs)
        return false;
    vigil->spoken = now;
    return true;
}
