/* Keeping the results of a stream: the root, to whom they all come, keeps them by parcels. In a
 * later run the producer makes the items again, and where they are the same the results are
 * there. */
#ifndef RANKPOOL_POOL_STREAM_KEEPING_H
#define RANKPOOL_POOL_STREAM_KEEPING_H

#include "journal/shelf.h"
#include "pool/parcel.h"
#include "pool/pool.h"

/* Zero: nothing is kept. */
struct stream_keeping {
    rp_pool *pool; /* NULL: nothing is kept */
    int64_t job;
    const struct kept *entries; /* of this stream */
    int64_t count;
    struct shelf shelf;
};

/* Is the stream that is about to begin the one that is kept? As rpi_checkpoint_check(). */
rp_status rpi_stream_keeping_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error);

/* The ranks have met to open the stream. On the root, which keeps it; elsewhere only the numbers of
 * jobs go on. */
void rpi_stream_keeping_begin(struct stream_keeping *keeping, rp_pool *pool,
                              const rp_stream_job *job);

/* The entry that begins with this item, or NULL. *most: so many items there are up to the next
 * entry, or in this one. */
const struct kept *rpi_stream_keeping_find(const struct stream_keeping *keeping, int64_t item,
                                           int64_t *most);

/* The parcel has its inputs: if these are what the entry was made from, its results take their
 * place. */
bool rpi_stream_keeping_restore(struct stream_keeping *keeping, struct parcel *parcel,
                                const struct kept *entry);

/* The parcel has its inputs, and is about to be computed. */
void rpi_stream_keeping_note(const struct stream_keeping *keeping, struct parcel *parcel);

/* The parcel has its results. */
void rpi_stream_keeping_add(struct stream_keeping *keeping, const struct parcel *parcel);

void rpi_stream_keeping_end(struct stream_keeping *keeping, rp_status status);

#endif
