/* Checkpointing of worklists. The root, which lends all items (worklist/by_stream.h), has at any
 * moment a state that can be continued: the result of the bundles that are back, and the entries
 * that wait or are lent, whose items a later run computes. It takes snapshots of that; the bundles
 * that are lent it keeps for them. */
#ifndef RANKPOOL_WORKLIST_SAVE_H
#define RANKPOOL_WORKLIST_SAVE_H

#include "checkpoint/snapshot.h"
#include "pool/pool.h"

#include <stddef.h>

/* A copy of a bundle that is lent. */
struct lent_bundle {
    int64_t item;  /* of the stream */
    size_t bytes;  /* of the entries */
    double since;  /* when it was lent */
    void *entries; /* owned; NULL: it is back */
};

struct worklist_saving {
    struct snapshots snapshots;
    struct lent_bundle *lent; /* by item; owned */
    size_t count, capacity;
    size_t back; /* of the bundles in the list */
};

/* Checks that this worklist is the one in the checkpoint; see rpi_checkpoint_check(). */
rp_status rpi_worklist_saving_check(const rp_pool *pool, const rp_worklist_job *job,
                                    rp_error *error);

/* Begins saving. Every rank calls it, so that jobs are numbered alike. */
void rpi_worklist_saving_begin(struct worklist_saving *saving, rp_pool *pool,
                               const rp_worklist_job *job);

/* On the root: a bundle is lent, as this item of the stream. False: no memory. It is back. */
bool rpi_worklist_saving_lend(struct worklist_saving *saving, int64_t item, const void *entries,
                              size_t bytes);
void rpi_worklist_saving_back(struct worklist_saving *saving, int64_t item);

/* When a state is saved: while items are computed, if a snapshot is due; or when the job has been
 * ended early, or is done. */
enum worklist_moment {
    WORKLIST_RUNS,
    WORKLIST_ENDED,
    WORKLIST_DONE
};

/* On the root: saves what was found, the bundles that are lent and the entries that wait, one
 * behind the other. */
void rpi_worklist_saving_write(struct worklist_saving *saving, enum worklist_moment moment,
                               const void *found, size_t found_bytes, const void *waiting,
                               size_t waiting_bytes);

/* Ends saving, with the status of the job. */
void rpi_worklist_saving_end(struct worklist_saving *saving, rp_status status);

#endif
