/* Activities: what each rank of a node is doing, published in node memory after the work queue for
 * the watchdog (diag/watchdog.h). The work queue itself holds the claimed chunks.
 *
 * Shared words. Each has one writer: its rank or, in the head, the node's first rank. Accesses are
 * relaxed unless stated otherwise: readers only report, and may see a slightly old state.
 * items, unit_items   head: the units of the current job
 * rank      rank in the pool; written once, before the first agreement
 * agreement   number and call of the agreement that the rank is in; 0: none, or the rank was opened
 *           without a time limit for the watchdog
 * in_job    IN_JOB from the agreement that opens a job until this rank's part is done; IN_STREAM
 *           in a stream, IN_WORKLIST in a worklist
 * packet_begin, packet_end   stream: the items being computed; if equal, there are none, and the
 *           last ones ended there. Worklist: the number of items that the rank has finished; it
 *           looks for others if the two are equal
 * returned  on the root, in a stream: the packets that have come back from other nodes
 * unprotected   head: 1 once a rank of the node has warned that results are not being saved; any
 *           rank exchanges it before it warns
 * begin, end   items of the current call with a time limit
 * overdue   nanoseconds; when the current call will have taken twice its limit; 0: no limit.
 *           Cleared before the items are stored (release), and stored (release) after them. A
 *           reader that loads the same value before and after loading the items (acquire) knows
 *           that they belong together. */
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
    _Atomic uint64_t returned;
};

enum {
    NO_JOB,
    IN_JOB,
    IN_STREAM,
    IN_WORKLIST
};

struct activities {
    alignas(APART) _Atomic int64_t items;
    _Atomic int64_t unit_items;
    _Atomic uint32_t unprotected;
    struct rank_activity of[];
};

/* Size of the activities of a node, in zeroed node memory aligned to APART. */
size_t rpi_activities_bytes(int node_ranks);

/* The other functions are called by the rank whose activity it is, except
 * rpi_activity_overdue(). */

/* Begins a job; activity_end_job() ends this rank's part of it. */
static inline void activity_begin_job(struct activities *activities, int node_rank,
                                      const struct units *units)
{
    if (node_rank == 0) {
        atomic_store_explicit(&activities->items, units->items, memory_order_relaxed);
        atomic_store_explicit(&activities->unit_items, units->unit_items, memory_order_relaxed);
    }
    atomic_store_explicit(&activities->of[node_rank].in_job, IN_JOB, memory_order_relaxed);
}

/* Begin a stream and a worklist, which activity_end_job() ends. */
void rpi_activity_begin_stream(struct rank_activity *activity);
void rpi_activity_begin_worklist(struct rank_activity *activity);

/* Begins a packet of a stream or a batch of a worklist; an empty range ends it. */
void rpi_activity_packet(struct rank_activity *activity, rp_range items);

/* On the root: a packet has come back from another node. */
static inline void activity_packet_returned(struct rank_activity *activity)
{
    uint64_t before = atomic_load_explicit(&activity->returned, memory_order_relaxed);
    atomic_store_explicit(&activity->returned, before + 1, memory_order_relaxed);
}

/* Begins a call that may take `allowed` seconds, and ends it. */
void rpi_activity_call(struct rank_activity *activity, rp_range items, double now, double allowed);

static inline void activity_return(struct rank_activity *activity)
{
    atomic_store_explicit(&activity->overdue, 0, memory_order_relaxed);
}

static inline void activity_end_job(struct rank_activity *activity)
{
    activity_return(activity);
    atomic_store_explicit(&activity->in_job, NO_JOB, memory_order_relaxed);
}

/* Has the rank's call taken twice its limit? If so, *items are the items of that call. */
bool rpi_activity_overdue(struct rank_activity *activity, double now, rp_range *items);

/* The call in a word `agreement`. */
static inline enum call activity_call_of(uint64_t agreement)
{
    return (enum call)(agreement & 0xff);
}

#endif
