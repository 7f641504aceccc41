/* Exchange of large data between the ranks of a node, by copies through node memory.
 *
 * Each rank copies what it sends into a ring of segments, and the receivers copy it out while it
 * goes on. The segments stay in the caches, so that the two copies take about as long as one; the
 * one copy of the kernel (process_vm_readv) takes twice as long, since it looks up and pins every
 * page. It also is forbidden in some containers.
 *
 * In round i each rank sends to the rank i places after it on the node, and receives from the one i
 * places before it, so the sender and the receiver of the earliest round never wait for another. */
#ifndef RANKPOOL_COLLECTIVE_NODE_EXCHANGE_H
#define RANKPOOL_COLLECTIVE_NODE_EXCHANGE_H

#include "collective/collective.h"

/* Bytes of zeroed node memory. */
size_t rpi_node_exchange_bytes(int node_ranks);

/* Before the agreement that begins a collective: announces to the ranks of this node whether this
 * rank's elements are plain bytes. */
void rpi_node_announce_layout(const struct collective *collective);

/* After it: does what this rank sends to that one, or receives from it, go through node memory? So
 * it does between two ranks of a node if both have plain bytes. Else it is a message. */
bool rpi_node_carries(const struct collective *collective, int rank);

/* Before an agreement: announces to a rank of this node how many bytes this rank sends; -1: the two
 * are not neighbours. After it: what that rank has announced. */
void rpi_node_announce(const rp_pool *pool, int node_rank, int64_t bytes);
int64_t rpi_node_announced(const rp_pool *pool, int node_rank);

/* The bytes that this rank sends to a rank of its node, or receives from it. */
struct node_part {
    char *at;
    size_t bytes;
};

/* Which they are. Called once for each other rank of the node and direction, in order of the
 * rounds. */
typedef struct node_part (*node_part_of)(void *closure, int rank, bool receive);

/* Sends and receives them, and lets `transfer` proceed meanwhile. All ranks of the
 * node take part, between two agreements; the two ranks of a pair have the same number of bytes. If
 * a rank of the node dies, the others return early, and the next agreement reports it. */
void rpi_node_exchange(const rp_pool *pool, node_part_of part_of, void *closure,
                       struct transfer *transfer);

#endif
