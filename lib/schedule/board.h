/* The board: all that the ranks of a node share while they work off a job. It lies in node memory
 * (in tests: in the memory of a process, with threads for ranks) and holds no pointers.
 *
 * Shared words, their writers and orders:
 * range     units a lane still has to hand out. The owner takes slices from its front and thieves half
 *           from its back, each by compare-and-swap; only the owner makes it non-empty, by a release
 *           store. Absolute indices: an equal word means equal ownership, so a stale expectation that
 *           matches is right (no ABA).
 * slice     the slice in the owner's hands; written by the owner (release), for recovery to read, which
 *           is not built yet.
 * reservoir units of the node that belong to no lane yet; taken by compare-and-swap. Made non-empty
 *           only between jobs.
 * done      units finished and flushed; acq_rel fetch_add by each lane when its range is empty, so
 *           whoever reads `total` there has seen all results.
 * stop      0, or 1 once a rank gave up; seq_cst store before a signal, relaxed load per claim.
 * signal    see base/waiting.h: news are loot, done == total, stop.
 * total, lanes, log_capacity: constant while a job runs.
 *
 * Between jobs all ranks meet (world/meeting.h). Each lane and the head are prepared before the
 * meeting that opens a job and touched by others only after it: the meeting orders the two. */
#ifndef RANKPOOL_SCHEDULE_BOARD_H
#define RANKPOOL_SCHEDULE_BOARD_H

#include "base/waiting.h"
#include "schedule/interval_log.h"

#include <stdalign.h>

/* Twice a cache line: adjacent lines are fetched in pairs. */
enum {
    APART = 128
};

struct lane {
    alignas(APART) _Atomic uint64_t range;
    _Atomic uint64_t slice;
};

struct board {
    alignas(APART) struct signal_word signal;
    alignas(APART) _Atomic uint32_t done;
    _Atomic uint32_t stop;
    uint32_t total;
    uint32_t lanes, log_capacity;
    alignas(APART) _Atomic uint64_t reservoir;
    struct lane lane[];
};

/* Bytes of shared memory, aligned to APART, for a board with so many lanes. */
size_t rpi_board_bytes(uint32_t lanes);

/* Makes a board in zeroed memory. Called once, by one rank, before the others look. */
void rpi_board_make(struct board *board, uint32_t lanes);

/* Prepares a job in which this node has the units of `mine`; those of `reservoir`, a part of them,
 * belong to no lane yet. Called by one rank of the node before the meeting that opens the job. */
void rpi_board_prepare(struct board *board, struct span mine, struct span reservoir);

/* The log of a lane. */
struct interval_log *rpi_board_log(struct board *board, uint32_t lane);

/* Makes every lane stop at its next claim. */
void rpi_board_stop(struct board *board);

static inline bool board_stopped(struct board *board)
{
    return atomic_load_explicit(&board->stop, memory_order_relaxed) != 0;
}

static inline bool board_done(struct board *board)
{
    return atomic_load_explicit(&board->done, memory_order_acquire) == board->total;
}

#endif
