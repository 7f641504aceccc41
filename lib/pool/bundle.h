/* A bundle: what the ranks of a node send or get together in a collective, in node memory, so that
 * it crosses to another node as one message. For small data, where messages cost and bytes do not;
 * large data goes from rank to rank, for copying it would cost more.
 *
 * bytes          of a rank's own between the meeting that begins a collective, which may refuse it,
 *                and a second, and of all others after that. Nobody looks any more when the ranks
 *                have met to end it.
 * filled, code   where the bundle comes from another node: written by the rank that got them;
 *                `code` first, then `filled`, a release store announced by `signal`. */
#ifndef RANKPOOL_POOL_BUNDLE_H
#define RANKPOOL_POOL_BUNDLE_H

#include "pool/collective.h"

enum {
    BUNDLE_BYTES = 1 << 16 /* of a node at the most: they travel some times as long as a message
                               takes to begin */
};

/* Bytes of zeroed node memory. */
size_t rpi_bundle_bytes(void);

/* How many bytes each part gets, if the parts of all ranks of a node find room in its bundle, or,
 * if `everyone`, those of all ranks; 0: they do not. The same on every rank, if the ranks agree. */
size_t rpi_bundle_room(const struct collective *collective, bool everyone);

/* Does it hold so many elements at once? Likewise. */
bool rpi_bundle_hold(const struct collective *collective, int64_t count);

/* The bundle of this node. */
char *rpi_bundle_base(const rp_pool *pool);

/* Copies a run to, or from, a bundle there or on its way. They return MPI's error codes. */
int rpi_bundle_pack(const rp_pool *pool, const struct run *run, char *to);
int rpi_bundle_unpack(const rp_pool *pool, const struct run *run, const char *from);

/* The bundle of a node as one message, which is counted, to or from the root or its first rank. The
 * same. */
int rpi_bundle_send(rp_pool *pool, const char *bundle, size_t room, int node, int rank);
int rpi_bundle_receive(rp_pool *pool, char *bundle, size_t room, int node, int rank);

/* The first rank of a node. */
int rpi_bundle_keeper(const rp_pool *pool, int node);

/* Tells the ranks of this node that its bundle has come, or what MPI answered instead; and
 * waits for that. */
void rpi_bundle_fill(rp_pool *pool, int code);
int rpi_bundle_await(rp_pool *pool);

#endif
