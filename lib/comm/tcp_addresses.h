/* IPv4 addresses of this host, and whether two processes share their network interfaces. */
#ifndef RANKPOOL_COMM_TCP_ADDRESSES_H
#define RANKPOOL_COMM_TCP_ADDRESSES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    ADDRESSES = 16 /* most addresses of a host; further ones are ignored */
};

/* Appends the addresses of active interfaces: loopback ones, or all others. */
void rpi_addresses_add(struct sockaddr_in *addresses, int *count, bool loopback);

/* Is this an address of this host? Connecting to it would not leave the host. */
bool rpi_addresses_own(const struct sockaddr_in *address);

/* Equal for processes with the same network interfaces: on one host, and in the same network
 * namespace. */
uint64_t rpi_network_identity(void);

#endif
