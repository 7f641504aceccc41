/**
 * @file rankpool/exchange.h
 * @brief Exchange: bytes of any length between neighbours, such as particles that leave a block.
 *
 *     rp_buffer *out[2] = {rp_buffer_make(), rp_buffer_make()};
 *     rp_buffer *in[2] = {rp_buffer_make(), rp_buffer_make()};
 *     for (int step = 0; step < steps; step++) {
 *         rp_buffer_resize(out[0], 0);
 *         rp_buffer_resize(out[1], 0);
 *         ... rp_buffer_append(out[i], &particle, sizeof particle) for those that leave
 *         rp_exchange(pool, 2, (int[]){left, right}, out, in);
 *         ... rp_buffer_data(in[i]), rp_buffer_size(in[i]): those that have come
 *     }
 */
#ifndef RANKPOOL_EXCHANGE_H
#define RANKPOOL_EXCHANGE_H

#include <rankpool/buffer.h>
#include <rankpool/declarations.h>
#include <rankpool/status.h>

RP_BEGIN_DECLARATIONS

/**
 * Sends a buffer to each neighbour of this rank, and receives one from each. *Collective:* every
 * rank of the pool calls it, also one without neighbours.
 *
 * Only the sender needs to know how many bytes a buffer has. Being neighbours is mutual: a rank
 * that this rank lists must list this rank, each once, in any order; otherwise RP_ERR_MISMATCH on
 * every rank, with a text that names two such ranks. A rank may list itself.
 *
 * After an error the content of the buffers in `in` is undefined.
 *
 * @param[in] n      number of neighbours, 0 to rp_ranks(); it may differ between ranks
 * @param[in] ranks  n different ranks; may be NULL if n is 0, like the next two
 * @param[in] out    n buffers: out[i] is sent to ranks[i]. A buffer may be sent to several.
 * @param[out] in    n different buffers, none of which is in `out`: in[i] gets what ranks[i] sends,
 *                   of the size that it has, which may be 0
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE, RP_ERR_MPI
 * Cost: three barriers. Inside a node every byte is copied twice, through a buffer that stays in
 * the caches. Between nodes one message per pair of ranks up to 4 KiB, further ones of at most
 * 60 KiB for more, and a barrier of MPI.
 */
rp_status rp_exchange(rp_pool *pool, int n, const int *ranks, rp_buffer *const *out,
                      rp_buffer *const *in);

RP_END_DECLARATIONS

#endif
