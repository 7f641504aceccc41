/* Opening wires: the root listens, tells by MPI where, and is found by who knows a number
 * that it told. */
#ifndef RANKPOOL_WORLD_WIRE_OPEN_H
#define RANKPOOL_WORLD_WIRE_OPEN_H

#include "rankpool.h"

struct wire_opening {
    MPI_Comm comm;
    int root;
    bool outside;   /* this rank is to be connected */
    double silence; /* seconds after which a network that does not answer counts as broken */
    bool ready;     /* this rank can take connections */
    /* Takes a connection to this rank. False: it cannot, and closes nothing. */
    bool (*take)(void *closure, int rank, int file);
    void *closure;
};

/* Collective. *connected is the same everywhere. */
rp_status rpi_wire_open(const struct wire_opening *opening, bool *connected, rp_error *error);

#endif
