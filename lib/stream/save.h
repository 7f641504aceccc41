/* Checkpointing of streams. The root saves the results of each packet. In a later run the producer
 * makes the items again; where they are the same as before, their results are restored. */
#ifndef RANKPOOL_STREAM_SAVE_H
#define RANKPOOL_STREAM_SAVE_H

#include "checkpoint/job_saving.h"
#include "pool/pool.h"
#include "stream/packet.h"

/* Checks that this stream is the one in the checkpoint; see rpi_checkpoint_check(). */
rp_status rpi_stream_saving_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error);

/* Begins saving, after the agreement that opens the stream. Every rank calls it, so that jobs are
 * numbered alike; only the root saves. */
void rpi_stream_saving_begin(struct job_saving *saving, rp_pool *pool, const rp_stream_job *job);

/* Returns the entry that begins with this item, if a packet can hold it, or NULL. Sets *most to the
 * number of items in this entry or up to the next. */
const struct saved *rpi_stream_saving_find(const struct job_saving *saving, int64_t item,
                                           int64_t *most);

/* Replaces the inputs of a packet by the results of the entry, if the entry was computed from the
 * same inputs. Returns whether it did. */
bool rpi_stream_saving_restore(struct job_saving *saving, struct packet *packet,
                               const struct saved *entry);

/* Records the fingerprint of the inputs, before the packet is sent. */
void rpi_stream_saving_note(const struct job_saving *saving, struct packet *packet);

/* Saves the results of a packet. Writes the checkpoint if it is due. */
void rpi_stream_saving_add(struct job_saving *saving, const struct packet *packet);

#endif
