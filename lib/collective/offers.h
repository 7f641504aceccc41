/* Offers: the private memory that a rank lets the other ranks of its node copy from in a
 * collective, by CMA. So large data cross a node in one copy, by the ranks that receive them.
 *
 * A rank writes its offers before the agreement that begins a collective; others read them, and the
 * memory that they name, between that agreement and the one that ends the collective. */
#ifndef RANKPOOL_COLLECTIVE_OFFERS_H
#define RANKPOOL_COLLECTIVE_OFFERS_H

#include "collective/collective.h"

/* Bytes of node memory. */
size_t rpi_offers_bytes(int node_ranks);

/* Offers a rank of this node `bytes` of memory; a negative number means that there is no offer. */
void rpi_offer_set(const rp_pool *pool, int node_rank, const void *memory, int64_t bytes);

/* How many bytes a rank of this node offers to this rank. */
int64_t rpi_offer_bytes(const rp_pool *pool, int node_rank);

/* Copies from the memory that a rank of this node offers to this rank. False: it cannot be read,
 * and the error says so. */
bool rpi_offer_read(const rp_pool *pool, int node_rank, void *to, size_t bytes, rp_error *error);

/* Finds out whether the ranks of this node may read each other's memory, unless that is known: sets
 * `offers_way` of the pool's collectives. Collective, after the agreement that begins a call: every
 * rank gets the same status. */
rp_status rpi_offers_settle(rp_pool *pool);

#endif
