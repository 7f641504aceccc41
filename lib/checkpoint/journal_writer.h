/* Writing a journal file: entries are gathered in memory, and written, and brought to the disk, at
 * intervals that keep the cost small beside what a failure would cost.
 *
 * What is written survives the end of the process, and what is on the disk also that of the
 * machine. The one is cheap and done often, the other is dear. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_WRITER_H
#define RANKPOOL_CHECKPOINT_JOURNAL_WRITER_H

#include "checkpoint/journal_format.h"
#include "rankpool.h"

/* Something that is done now and then. */
struct journal_interval {
    double cost; /* seconds that it takes, smoothed; 0: not known yet */
    double next; /* when it is due; INFINITY: never */
};

struct journal_writer {
    int file; /* -1: none */
    uint64_t seed;
    unsigned char *buffer;
    size_t used, capacity;
    int64_t entries, bytes; /* written so far */
    double interval;        /* seconds between two writes, if somebody wants that; else 0 */
    struct journal_interval write, sync;
    rp_error error; /* why nothing is written any more, or RP_OK */
};

/* A writer whose file is yet to begin, and which is due as if it had begun. */
struct journal_writer rpi_journal_idle(double interval, double now);

/* Begins a file, which must not be there yet. After an error the writer is there, and writes
 * nothing. */
rp_status rpi_journal_begin(struct journal_writer *writer, const char *path,
                            const struct journal_head *head, double interval, double now);

/* Adds an entry; its payload is copied. */
rp_status rpi_journal_add(struct journal_writer *writer, const struct journal_entry *entry);

/* After an action that took `cost` seconds and ended at `now`: when it is due again. The interval
 * is the one that costs least in all, sqrt(2 C M) for an action of C seconds and a failure every M
 * (Young, A first order approximation to the optimum checkpoint interval, Communications of the ACM
 * 17, 1974), between `least` and `most`, but such that the action takes no more than half a percent
 * of the time. */
void rpi_journal_done(struct journal_interval *poll_interval, double cost, double now, double least,
                      double most);

/* Is there something to be done? */
static inline bool journal_due(const struct journal_writer *writer, double now)
{
    return now >= writer->write.next;
}

/* Does it: writes what was gathered, and now and then brings all to the disk. */
rp_status rpi_journal_write(struct journal_writer *writer);

/* Brings all to the disk. */
rp_status rpi_journal_flush(struct journal_writer *writer);

/* Writes, and ends the file. */
rp_status rpi_journal_end(struct journal_writer *writer);

#endif
