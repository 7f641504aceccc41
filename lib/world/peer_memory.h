/* The private memory of another rank of this node: read and written in one copy, without its help.
 *
 * It is what lets tasks on all ranks work on an array that only the root has, without a copy of the
 * array anywhere. The kernel may forbid it (another user, a container without ptrace, Yama), so it
 * is tried before it is relied on. */
#ifndef RANKPOOL_WORLD_PEER_MEMORY_H
#define RANKPOOL_WORLD_PEER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to know a process again: its number may mean another one where ranks live in containers of
 * their own, so a random number in its memory is compared. */
struct peer {
    int64_t process;
    uint64_t token_address, token;
};

/* This process, as others may know it; from now on they may reach its memory. */
struct peer rpi_peer_self(void);

/* Can this process reach that peer's memory? */
bool rpi_peer_reachable(const struct peer *peer);

/* Copy between our memory and the peer's. False if the kernel refuses, or the address
 * is not there. */
bool rpi_peer_read(const struct peer *peer, uint64_t address, void *to, size_t bytes);
bool rpi_peer_write(const struct peer *peer, uint64_t address, const void *from, size_t bytes);

#endif
