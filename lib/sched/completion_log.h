/* Completion log: the unit ranges that a rank has finished, in shared memory, with one writer and
 * any number of readers. Recovery, progress and the exchange of results read it.
 *
 * A run of contiguous chunks is one entry that grows in place, so the log costs a store per chunk
 * and an entry per steal.
 *
 * Shared words, all written by the log's owner only:
 * entries  stored (release) after the results of the range, so a reader that sees the range
 *          (acquire) sees its results.
 * extent   generation << 32 | INCOMPLETE | number of entries, stored (release) after the entry.
 *          Compaction writes the other half and then increments the generation; a reader that finds
 *          a different generation after its copy starts over. */
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
    bool incomplete, packed;  /* packed: compaction would free little */
    struct unit_range last;   /* the newest entry, */
    _Atomic uint64_t *newest; /* and its location; NULL: the log is empty */
};

/* Bytes of shared memory for a log of `capacity` entries. */
size_t rpi_completion_log_bytes(uint32_t capacity);

/* Empties a log and makes the caller its writer. No other rank may be reading it. */
void rpi_completion_log_start(struct log_writer *writer, struct completion_log *log,
                              uint32_t capacity);

/* Appends a new entry. If the log is full, it is marked incomplete instead. */
void rpi_completion_log_append(struct log_writer *writer, struct unit_range finished);

/* Is there room for `entries` more? Compacts the log if necessary. */
bool rpi_completion_log_room(struct log_writer *writer, uint32_t entries);

/* Copies a log, which its owner may be writing meanwhile, to `copy`, which holds `capacity` ranges.
 * Returns the number of entries. */
uint32_t rpi_completion_log_read(const struct completion_log *log, uint32_t capacity,
                                 struct unit_range *copy);

/* Does the log hold everything that its owner has finished? */
bool rpi_completion_log_complete(const struct completion_log *log);

/* Records a finished range if it starts where the last one ended; otherwise returns false. */
static inline bool log_extend(struct log_writer *writer, struct unit_range finished)
{
    if (finished.low != writer->last.high || writer->newest == NULL)
        return false;
    writer->last.high = finished.high;
    atomic_store_explicit(writer->newest, unit_range_pack(writer->last), memory_order_release);
    return true;
}

/* Records a finished range. */
static inline void log_finish(struct log_writer *writer, struct unit_range finished)
{
    if (!log_extend(writer, finished))
        rpi_completion_log_append(writer, finished);
}

#endif
