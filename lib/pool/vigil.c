#include "pool/vigil.h"

#include <math.h>
#include <stdlib.h>

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

void rpi_vigil_watch(struct vigil *vigil, int node, double now)
{
    vigil->heard[node] = now;
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

bool rpi_vigil_speak(struct vigil *vigil, double now)
{
    if (vigil->limit <= 0 || now - vigil->spoken < vigil->limit / signs)
        return false;
    vigil->spoken = now;
    return true;
}
