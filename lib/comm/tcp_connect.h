/* The other ranks' side of opening TCP links: finds the root among several addresses. Some may be
 * unreachable or belong to a foreign process, which learns nothing and delays no one: all addresses
 * are tried concurrently, and the first one that authenticates as the root wins. */
#ifndef RANKPOOL_COMM_TCP_CONNECT_H
#define RANKPOOL_COMM_TCP_CONNECT_H

#include "comm/tcp_addresses.h"
#include "comm/tcp_handshake.h"

struct connecting {
    struct siphash_key key;
    int rank; /* this rank */
    const struct sockaddr_in *addresses;
    int count;
    double most_seconds;
};

/* Returns the socket of the link, or -1 if no address is the root's or it did not answer in
 * time. */
int rpi_tcp_link_connect(const struct connecting *connecting);

#endif
