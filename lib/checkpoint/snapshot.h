/* Snapshots: how a job is saved that has no items with results of their own, but one state, which
 * the root knows. Each snapshot is a journal (checkpoint/journal_format.h) of a single entry, in a
 * file of its own beside those of the ranks; it replaces an earlier one, so the size is bounded.
 *
 * While a job runs it has three files in turn. A new snapshot goes neither into the file of the
 * newest, nor into that of the newest that was synced: at any moment one of the last two that were
 * written is whole, and one whole snapshot survives a crash of the machine. Of all that are found,
 * by any run, the one with the highest number counts. */
#ifndef RANKPOOL_CHECKPOINT_SNAPSHOT_H
#define RANKPOOL_CHECKPOINT_SNAPSHOT_H

#include "checkpoint/job_saving.h"
#include "checkpoint/journal_writer.h"

struct snapshots {
    struct job_saving earlier;
    struct job_form form;
    int64_t number;     /* of the next one; grows from run to run */
    int newest, synced; /* files that this run wrote last; -1: none */
    struct journal_interval write, sync;
    unsigned char *bytes; /* of a file that is being composed; owned */
    size_t used;
    double begun; /* to compose it */
};

/* Begins a job; see rpi_job_saving_begin(). Only the root takes snapshots. */
void rpi_snapshots_begin(struct snapshots *snapshots, rp_pool *pool, const struct job_form *form);

/* On the root: returns the state that earlier runs have left, valid until the end. NULL: none. It
 * may have been written by others than this library, and need not be aligned. */
const void *rpi_snapshots_find(struct snapshots *snapshots, size_t *bytes);

/* Room for the state of the next snapshot; NULL: nothing is saved, or there is no memory. Then
 * writes it, and syncs it if that is due or `sync`. If that fails, reports it once, and tries again
 * after a minute: there may be space then. */
void *rpi_snapshot_reserve(struct snapshots *snapshots, size_t bytes);
void rpi_snapshot_write(struct snapshots *snapshots, bool sync);

/* In place of rpi_snapshot_write(), for the state at the end of a successful job: it goes into the
 * root's journal, since a program may have many short jobs, and the files are removed. */
void rpi_snapshot_finish(struct snapshots *snapshots);

/* Ends a job with this status; see rpi_job_saving_end(). */
void rpi_snapshots_end(struct snapshots *snapshots, rp_status status);

/* Work of a rank that took so many seconds is done. If a snapshot for each such costs little beside
 * the work of all ranks, the next one is due. */
void rpi_snapshots_gain(struct snapshots *snapshots, double seconds);

/* Is it time for another snapshot? */
static inline bool snapshots_due(const struct snapshots *snapshots, double now)
{
    return now >= snapshots->write.next;
}

#endif
