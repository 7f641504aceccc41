/* Saving the results of a stream: the root, to whom they all come, keeps them by packets. In a
 * later run the producer makes the items again, and where they are the same the results are
 * there. */
#ifndef RANKPOOL_STREAM_SAVE_H
#define RANKPOOL_STREAM_SAVE_H

#include "checkpoint/journal_payload.h"
#include "pool/pool.h"
#include "stream/packet.h"

/* Zero: nothing is kept. */
struct stream_saving {
    rp_pool *pool; /* NULL: nothing is kept */
    int64_t job;
    const struct saved *entries; /* of this stream */
    int64_t count;
    struct payload_cache payload_cache;
};

/* Is the stream that is about to begin the one that is kept? As rpi_checkpoint_check(). */
rp_status rpi_stream_saving_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error);

/* The ranks have met to open the stream. On the root, which keeps it; elsewhere only the numbers of
 * jobs go on. */
void rpi_stream_saving_begin(struct stream_saving *saving, rp_pool *pool, const rp_stream_job *job);

/* The entry that begins with this item, if it is one that a packet can hold, or NULL. *most: so many items there are up to the next
 * entry, or in this one. */
const struct saved *rpi_stream_saving_find(const struct stream_saving *saving, int64_t item,
                                           int64_t *most);

/* The packet has its inputs: if these are what the entry was made from, its results take their
 * place. */
bool rpi_stream_saving_restore(struct stream_saving *saving, struct packet *packet,
                               const struct saved *entry);

/* The packet has its inputs, and is about to be computed. */
void rpi_stream_saving_note(const struct stream_saving *saving, struct packet *packet);

/* The packet has its results. */
void rpi_stream_saving_add(struct stream_saving *saving, const struct packet *packet);

void rpi_stream_saving_end(struct stream_saving *saving, rp_status status);

#endif
