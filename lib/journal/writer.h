/* Writing a journal file: entries are gathered in memory, and brought to the disk at intervals that keep the
 * cost small beside what a failure would cost. */
#ifndef RANKPOOL_JOURNAL_WRITER_H
#define RANKPOOL_JOURNAL_WRITER_H

#include "journal/entry.h"
#include "rankpool.h"

struct journal_writer {
    int file; /* -1: none */
    uint64_t seed;
    unsigned char *buffer;
    size_t used, capacity;
    int64_t entries, bytes; /* written so far */
    double cost;            /* seconds that a flush takes, smoothed; 0: not known yet */
    double flushed;         /* when the last one ended */
    rp_error error;         /* why nothing is written any more, or RP_OK */
};

/* Begins a file, which must not be there yet. After an error the writer is there, and writes nothing. */
rp_status rpi_journal_begin(struct journal_writer *writer, const char *path,
                            const struct journal_head *head, double now);

/* Adds an entry; its payload is copied. */
rp_status rpi_journal_add(struct journal_writer *writer, const struct journal_entry *entry);

/* Is it time to flush? The interval is the one that costs least in all, sqrt(2 C M) for a flush of C seconds and
 * a failure every M (Young, A first order approximation to the optimum checkpoint interval, Communications
 * of the ACM 17, 1974), within bounds: flushing takes no more than 1 % of the time. */
bool rpi_journal_due(const struct journal_writer *writer, double now);

/* Brings all to the disk. */
rp_status rpi_journal_flush(struct journal_writer *writer);

/* Flushes, and ends the file. */
rp_status rpi_journal_end(struct journal_writer *writer);

#endif
