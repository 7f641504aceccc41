/* Calls of a root that listens, by its acceptor, as from a rank of another node. */
#ifndef RANKPOOL_TESTS_TCP_CALLS_H
#define RANKPOOL_TESTS_TCP_CALLS_H

#include "comm/tcp_accept.h"

/* Connects as this rank. Waits for the root, which so runs in another thread. Returns the socket,
 * or -1. */
int tcp_call(const struct acceptor *acceptor, int rank);

/* Has the root confirmed this connection and closed it? Closes it, too. */
bool tcp_call_refused(int file);

#endif
