/* Cross-memory attach: reads and writes the private memory of another rank of this node, in one
 * copy and without its help.
 *
 * It lets tasks on all ranks work on an array of the root without a copy of the array. The
 * kernel may forbid it (another user, a container without ptrace, Yama), so test it before use. */
#ifndef RANKPOOL_COMM_CMA_H
#define RANKPOOL_COMM_CMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identifies a process. In containers with their own process namespaces the process id may name
 * another process, so a random number in its memory is compared as well. */
struct peer {
    int64_t process;
    uint64_t token_address, token;
};

/* Returns the identity of this process, and allows other processes to access its memory. */
struct peer rpi_peer_self(void);

/* Can this process access the peer's memory? */
bool rpi_peer_reachable(const struct peer *peer);

/* Copy between this process and the peer. Return false if the kernel refuses or the address is not
 * mapped. */
bool rpi_peer_read(const struct peer *peer, uint64_t address, void *to, size_t bytes);
bool rpi_peer_write(const struct peer *peer, uint64_t address, const void *from, size_t bytes);

#endif
