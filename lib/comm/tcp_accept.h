/* The root's side of opening TCP links, as long as the pool is open: listens on several addresses
 * and accepts callers that know the job's key. Any process may connect, so all callers are served
 * side by side without waiting for any, and the number of unauthenticated callers is limited. */
#ifndef RANKPOOL_COMM_TCP_ACCEPT_H
#define RANKPOOL_COMM_TCP_ACCEPT_H

#include "comm/tcp_addresses.h"
#include "comm/tcp_handshake.h"

enum {
    CALLERS = 64 /* most callers that are not authenticated yet */
};

struct caller {
    int file;
    double since; /* time of the accept */
    struct handshake handshake;
};

struct acceptor {
    struct siphash_key key;
    int ranks;
    /* Takes over the link to an authenticated rank. Returns false to refuse it: the link is
     * confirmed and closed then, so that the rank does not call again. */
    bool (*take)(void *closure, int rank, int file);
    void *closure;
    struct sockaddr_in addresses[ADDRESSES];
    int listening[ADDRESSES], count;
    struct caller callers[CALLERS]; /* oldest first */
    int waiting;                    /* number of callers */
};

/* Draws a key and listens, each time on a free port: on the loopback interface and, unless
 * `here_only`, on all other interfaces. Returns false if the system does not allow it. */
bool rpi_acceptor_open(struct acceptor *acceptor, bool here_only);

/* Serves all callers. Waits up to `milliseconds` if there are no events. */
void rpi_acceptor_step(struct acceptor *acceptor, int milliseconds);

/* Closes the sockets that have not been taken over. */
void rpi_acceptor_close(struct acceptor *acceptor);

/* The local address of a link, encoded for the handshake. */
uint64_t rpi_server_name(const struct sockaddr_in *address);

#endif
