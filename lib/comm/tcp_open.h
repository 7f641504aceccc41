/* Opens TCP links from all ranks of other nodes to the root. The root sends its addresses and a key
 * by MPI. A link counts once both ends have proved that they know the key. */
#ifndef RANKPOOL_COMM_TCP_OPEN_H
#define RANKPOOL_COMM_TCP_OPEN_H

#include "rankpool.h"

struct tcp_link_opening {
    MPI_Comm comm;
    int root;
    bool outside;   /* this rank needs a connection */
    double silence; /* seconds after which an unresponsive network counts as broken */
    bool ready;     /* this rank can take connections */
    /* Takes over a connection to this rank. Returns false, without closing it, if it cannot. */
    bool (*take)(void *closure, int rank, int file);
    void *closure;
};

/* The same on every rank. */
struct tcp_link_report {
    bool connected; /* all ranks that need a connection have one */
    int accepted;   /* number of ranks that have one */
    char why[128];  /* reason, if not all are connected */
};

/* Collective. */
rp_status rpi_tcp_link_open(const struct tcp_link_opening *opening, struct tcp_link_report *report,
                            rp_error *error);

#endif
