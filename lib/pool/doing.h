/* Doings: what each rank of a node is doing, for the watch to read (pool/watch.h). They lie in node
 * memory behind the board, which knows what the ranks have in hand.
 *
 * Shared words. Each is written by its rank alone, or by the first rank of the node; relaxed where
 * nothing is said, for who reads them wants a picture, and a picture may be a moment old.
 * items, unit_items   of the head: the units of the job at hand, by the node's first rank
 * rank      in the pool; written once, before the ranks first meet
 * meeting   the number of the meeting that the rank is in, and its call; 0: it is in none
 * in_job    1 from the meeting that opens a job until this rank has done its part; 2 in a stream
 * parcel_begin, parcel_end   in a stream: the items in hand; none if they are equal, and then where
 *           those ended that were the last
 * unprotected   of the head: 0, or 1 once a rank of the node has told that its work is not kept;
 *           exchanged by whoever is about to tell it
 * overdue   when the call at hand will have taken twice as long as it may, in nanoseconds; 0: it
 *           may take as long as it likes. Cleared before, and stored (release) after the items it
 *           speaks of, which are stored with release and read with acquire: who finds it the same
 *           before and after reading the items knows that they belong to it. */
#ifndef RANKPOOL_POOL_DOING_H
#define RANKPOOL_POOL_DOING_H

#include "schedule/board.h"
#include "schedule/units.h"
#include "world/meeting.h"

struct doing {
    alignas(APART) _Atomic int rank;
    _Atomic uint64_t meeting;
    _Atomic uint32_t in_job;
    _Atomic int64_t overdue;
    _Atomic int64_t begin, end;
    _Atomic int64_t parcel_begin, parcel_end;
};

enum {
    NO_JOB,
    IN_JOB,
    IN_STREAM
};

struct doings {
    alignas(APART) _Atomic int64_t items;
    _Atomic int64_t unit_items;
    _Atomic uint32_t unprotected;
    struct doing of[];
};

/* Bytes of zeroed node memory for the doings of so many ranks, aligned to APART. */
size_t rpi_doings_bytes(int node_ranks);

/* This rank enters a meeting, for a call; and leaves it. */
void rpi_doing_meet(struct doing *doing, uint32_t number, enum call call);
void rpi_doing_met(struct doing *doing);

/* This rank begins a job, and has done its part of it. */
void rpi_doing_begin_job(struct doings *doings, int node_rank, const struct units *units);
void rpi_doing_end_job(struct doing *doing);

/* This rank begins a stream, which rpi_doing_end_job() ends; has taken a parcel, or with an empty
 * range none. */
void rpi_doing_begin_stream(struct doing *doing);
void rpi_doing_parcel(struct doing *doing, rp_range items);

/* This rank begins a call that may take so many seconds; and is back from it. */
void rpi_doing_call(struct doing *doing, rp_range items, double now, double allowed);
void rpi_doing_return(struct doing *doing);

/* Has this rank's call taken twice as long as it may? Then *items are those of the call. */
bool rpi_doing_overdue(struct doing *doing, double now, rp_range *items);

/* The call of a word `meeting`. */
static inline enum call doing_call_of(uint64_t meeting)
{
    return (enum call)(meeting & 0xff);
}

#endif
