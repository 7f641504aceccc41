/* The other ranks' side of opening TCP links: finds the root among several addresses. Some may be
 * unreachable or belong to a foreign process, which learns nothing and delays no one: all addresses
 * are tried concurrently, and the first one that authenticates as the root wins. */
#ifndef RANKPOOL_COMM_TCP_CONNECT_H
#define RANKPOOL_COMM_TCP_CONNECT_H

#include "comm/tcp_addresses.h"
#include "comm/tcp_handshake.h"

struct connecting {
    /* From the root: */
    struct siphash_key key;
    uint64_t network; /* its rpi_network_identity() */
    struct sockaddr_in addresses[ADDRESSES];
    int count; /* 0: it cannot be called */
    /* Of the caller: */
    int rank;
    double silence; /* seconds after which an unresponsive network counts as broken */
    bool succeeds;  /* the pool is open, so the root answers when its program is in the library */
};

/* Breaks the link when the peer's host has not responded for that time. */
void rpi_tcp_set_timeouts(int file, double silence);

/* Returns the socket of the link, and keeps only the root's address in *connecting. Returns -1 if
 * no address is the root's, it does not answer in time, or *over becomes true. For a rank that
 * succeeds another, only time counts in which the root's host does not take the call. */
int rpi_tcp_link_connect(struct connecting *connecting, const _Atomic bool *over);

#endif
