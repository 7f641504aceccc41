/* Doings: what each rank of a node is doing, for the watch to read (diag/watchdog.h). They lie in node
 * memory behind the work queue, which knows what the ranks have in hand.
 *
 * Shared words. Each is written by its rank alone, or by the first rank of the node; relaxed where
 * nothing is said, for who reads them wants a picture, and a picture may be a moment old.
 * items, unit_items   of the head: the units of the job at hand, by the node's first rank
 * rank      in the pool; written once, before the ranks first meet
 * agreement   the number of the agreement that the rank is in, and its call; 0: it is in none
 * in_job    1 from the agreement that opens a job until this rank has done its part; 2 in a stream
 * packet_begin, packet_end   in a stream: the items in hand; none if they are equal, and then where
 *           those ended that were the last
 * unprotected   of the head: 0, or 1 once a rank of the node has told that its work is not kept;
 *           exchanged by whoever is about to tell it
 * overdue   when the call at hand will have taken twice as long as it may, in nanoseconds; 0: it
 *           may take as long as it likes. Cleared before, and stored (release) after the items it
 *           speaks of, which are stored with release and read with acquire: who finds it the same
 *           before and after reading the items knows that they belong to it. */
#ifndef RANKPOOL_DIAG_ACTIVITY_H
#define RANKPOOL_DIAG_ACTIVITY_H

#include "comm/agreement.h"
#include "sched/units.h"
#include "sched/work_queue.h"

struct rank_activity {
    alignas(APART) _Atomic int rank;
    _Atomic uint64_t agreement;
    _Atomic uint32_t in_job;
    _Atomic int64_t overdue;
    _Atomic int64_t begin, end;
    _Atomic int64_t packet_begin, packet_end;
};

enum {
    NO_JOB,
    IN_JOB,
    IN_STREAM
};

struct activities {
    alignas(APART) _Atomic int64_t items;
    _Atomic int64_t unit_items;
    _Atomic uint32_t unprotected;
    struct rank_activity of[];
};

/* Bytes of zeroed node memory for the doings of so many ranks, aligned to APART. */
size_t rpi_activities_bytes(int node_ranks);

/* This rank enters a agreement, for a call; and leaves it. */
void rpi_activity_begin_agreement(struct rank_activity *activity, uint32_t number, enum call call);
void rpi_activity_end_agreement(struct rank_activity *activity);

/* This rank begins a job, and has done its part of it. */
void rpi_activity_begin_job(struct activities *activities, int node_rank,
                            const struct units *units);
void rpi_activity_end_job(struct rank_activity *activity);

/* This rank begins a stream, which rpi_activity_end_job() ends; has taken a packet, or with an empty
 * range none. */
void rpi_activity_begin_stream(struct rank_activity *activity);
void rpi_activity_packet(struct rank_activity *activity, rp_range items);

/* This rank begins a call that may take so many seconds; and is back from it. */
void rpi_activity_call(struct rank_activity *activity, rp_range items, double now, double allowed);
void rpi_activity_return(struct rank_activity *activity);

/* Has this rank's call taken twice as long as it may? Then *items are those of the call. */
bool rpi_activity_overdue(struct rank_activity *activity, double now, rp_range *items);

/* The call of a word `agreement`. */
static inline enum call activity_call_of(uint64_t agreement)
{
    return (enum call)(agreement & 0xff);
}

#endif
