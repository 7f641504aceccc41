/* Writes a journal. Entries are buffered in memory, and written to the file and synced to the disk
 * at intervals that balance the cost of writing against the work lost by a failure.
 *
 * Written data survive the end of the process; synced data also survive a crash of the machine.
 * Writing is cheap and frequent, syncing is expensive. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_WRITER_H
#define RANKPOOL_CHECKPOINT_JOURNAL_WRITER_H

#include "base/buffer.h"
#include "checkpoint/journal_format.h"

/* Schedule of a periodic action. */
struct journal_interval {
    double cost; /* seconds that it takes, smoothed; 0: unknown */
    double next; /* time at which it is due; INFINITY: never */
};

struct journal_writer {
    int file; /* -1: none */
    uint64_t seed;
    rp_buffer buffer; /* not yet written */
    int64_t bytes;    /* written so far */
    double interval;  /* seconds between two writes as set by the user; 0: by cost */
    struct journal_interval write, sync;
    rp_error error; /* why writing has ended, or RP_OK */
};

/* Returns a writer without a file, whose intervals run from now on. */
struct journal_writer rpi_journal_idle(double interval, double now);

/* Creates the file, which must not exist, and writes its head. After an error the other functions
 * have no effect and return the error. */
rp_status rpi_journal_begin(struct journal_writer *writer, const char *path,
                            const struct journal_head *head, double interval, double now);

/* Buffers a copy of an entry and its payload. */
rp_status rpi_journal_add(struct journal_writer *writer, const struct journal_entry *entry);

/* Schedules the next run of an action that took `cost` seconds and ended at `now`. The interval
 * minimizes the total cost: sqrt(2 C M) for a cost of C seconds and a failure every M seconds
 * (Young, A first order approximation to the optimum checkpoint interval, Communications of the ACM
 * 17, 1974). It is bounded by `least` and `most`, and long enough that the action takes no more
 * than half a percent of the time. */
void rpi_journal_schedule(struct journal_interval *interval, double cost, double now, double least,
                          double most);

/* The same for writes and for syncs, with their bounds. */
void rpi_journal_schedule_write(struct journal_interval *interval, double cost, double now);
void rpi_journal_schedule_sync(struct journal_interval *interval, double cost, double now);

/* Should rpi_journal_write() be called? */
static inline bool journal_due(const struct journal_writer *writer, double now)
{
    return now >= writer->write.next;
}

/* Writes the buffer, and syncs the file if that is due. */
rp_status rpi_journal_write(struct journal_writer *writer);

/* Writes the buffer and syncs the file. */
rp_status rpi_journal_flush(struct journal_writer *writer);

/* Writes the buffer and closes the file. */
rp_status rpi_journal_end(struct journal_writer *writer);

#endif
