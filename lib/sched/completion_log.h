/* The log of what a rank has finished: spans of units, in shared memory, one writer, any readers.
 *
 * It is the one record that recovery, progress and the exchange of results read. A run of
 * contiguous chunks is one entry that grows in place, so the log costs a store per chunk and an
 * entry per steal.
 *
 * Shared words, all written by the log's owner only:
 * entries  stored with release after the results of the span are stored, so a reader that sees a
 *          span (acquire) sees its results.
 * extent   generation << 32 | INCOMPLETE | number of entries, stored with release after the entry.
 *          Compaction writes the other half and then moves to the next generation; a reader that
 *          finds another generation after its copy than before starts over. */
#ifndef RANKPOOL_SCHED_COMPLETION_LOG_H
#define RANKPOOL_SCHED_COMPLETION_LOG_H

#include "sched/unit_range.h"

#include <stdatomic.h>
#include <stddef.h>

struct completion_log {
    _Atomic uint64_t extent;
    _Atomic uint64_t entries[]; /* two halves of `capacity` entries */
};

/* The owner's private view of its log. */
struct log_writer {
    struct completion_log *log;
    uint32_t capacity, generation, length;
    bool incomplete, packed;  /* packed: merging would make little room */
    struct unit_range last;   /* the entry that was begun last, */
    _Atomic uint64_t *newest; /* and where it is; NULL: none was */
};

/* Bytes of shared memory for a log of `capacity` entries. */
size_t rpi_completion_log_bytes(uint32_t capacity);

/* Empties a log and makes the caller its writer. No one may be reading it. */
void rpi_completion_log_start(struct log_writer *writer, struct completion_log *log,
                              uint32_t capacity);

/* Begins a new entry. Without room the log is incomplete from then on. */
void rpi_completion_log_append(struct log_writer *writer, struct unit_range finished);

/* Is there room for `entries` more? Merges neighbouring entries if that is needed to say yes. */
bool rpi_completion_log_room(struct log_writer *writer, uint32_t entries);

/* Copies a log that its owner may be writing. `copy` holds `capacity` spans. Returns
 * their number. */
uint32_t rpi_completion_log_read(const struct completion_log *log, uint32_t capacity,
                                 struct unit_range *copy);

/* Does the log hold everything that its owner finished? */
bool rpi_completion_log_complete(const struct completion_log *log);

/* Records a finished span that goes on where the last one ended. False: it does not. */
static inline bool log_extend(struct log_writer *writer, struct unit_range finished)
{
    if (finished.low != writer->last.high || writer->newest == NULL)
        return false;
    writer->last.high = finished.high;
    atomic_store_explicit(writer->newest, unit_range_pack(writer->last), memory_order_release);
    return true;
}

/* Records a finished span. */
static inline void log_finish(struct log_writer *writer, struct unit_range finished)
{
    if (!log_extend(writer, finished))
        rpi_completion_log_append(writer, finished);
}

#endif
