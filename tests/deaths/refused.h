/* The collectives that need all ranks, called after rank 1 of 4 has died. */
#ifndef RANKPOOL_TESTS_REFUSED_H
#define RANKPOOL_TESTS_REFUSED_H

#include <rankpool.h>

/* Calls each of them, on every rank that lives. Returns how many were refused with RP_ERR_LOST and
 * the text that belongs to it; prints what another returned. */
int refused_collectives(rp_pool *pool);

#endif
