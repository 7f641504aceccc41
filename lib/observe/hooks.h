/* Instrumentation hooks of a pool: they inform the progress display and the recorder. While neither
 * is on, each hook costs one test. */
#ifndef RANKPOOL_OBSERVE_HOOKS_H
#define RANKPOOL_OBSERVE_HOOKS_H

#include "base/clock.h"
#include "observe/clock_offset.h"
#include "observe/progress.h"
#include "observe/recorder.h"
#include "pool/pool.h"

/* What a pool keeps for its observation. */
struct observation {
    struct recorder *recorder; /* while the program records; or NULL */
    struct recorder *recorded; /* the same, and afterwards the recording it left; or NULL */
    struct clock_offset recorded_from;
    struct traffic traffic_at_start, traffic_at_stop; /* of the recording */
    struct progress *progress; /* on the root, while it is observed; or NULL */
    struct progress_wish progress_wish;
    bool in_own_loop; /* inside a loop of the program's own, which reports its progress */
    int64_t own_done; /* items that it has completed */
};

/* The first reads what the environment says about progress, and reports a wrong value in *mine. The
 * second starts the display if the environment asks for it. */
void rpi_observe_ask(rp_pool *pool, rp_error *mine);
rp_status rpi_observe_open(rp_pool *pool);

/* Ends the progress display and the recording. */
void rpi_observe_close(rp_pool *pool);

/* The pool's loop begins, named in the options. It ends: this rank worked until `begin`, its agent
 * until now. */
void rpi_observe_begin(rp_pool *pool, const rp_options *options);
void rpi_observe_end(rp_pool *pool, double begin);

static inline void observe_begin(rp_pool *pool, const rp_options *options)
{
    if (pool->observe->recorder != NULL || pool->observe->progress != NULL)
        rpi_observe_begin(pool, options);
}

static inline void observe_end(rp_pool *pool, double begin)
{
    if (pool->observe->recorder != NULL || pool->observe->progress != NULL)
        rpi_observe_end(pool, begin);
}

/* A stream or a worklist begins, of which the root shows this, named in the options; and ends. */
void rpi_observe_stream(rp_pool *pool, const rp_options *options, struct progress_job shown);
void rpi_observe_stream_end(rp_pool *pool);

/* Within it: the rank has computed items since `begin`, or has waited since `begin`. */
void rpi_observe_packet(rp_pool *pool, double begin, int64_t first, int64_t items);
void rpi_observe_wait(rp_pool *pool, double begin);

/* A rank of a worklist has looked for items since `begin`, has waited for `waited` seconds of that,
 * and has stolen so many times. */
void rpi_observe_search(rp_pool *pool, double begin, double waited, uint64_t steals);

/* Since `begin` this rank has served the library: waited for its agent, or exchanged edges. */
void rpi_observe_service(rp_pool *pool, double begin);

/* The rank has claimed the loop's next chunk, from `begin` until now. */
void rpi_observe_claim(rp_loop *loop, double begin, const struct claim_counts *before,
                       const rp_range *next);

/* Records how long this rank waits in agreements. */
extern const struct agreement_hook rpi_recorder_hook;

/* The current time if this rank records, else 0. */
static inline double observe_now(const rp_pool *pool)
{
    return pool->observe->recorder != NULL ? rpi_clock_seconds() : 0;
}

/* Items of the root's stream: consumed so far, and in flight. */
static inline void observe_consumed(const rp_pool *pool, int64_t consumed, int64_t flying)
{
    if (pool->observe->progress != NULL && !pool->observe->in_own_loop)
        rpi_progress_stream(pool->observe->progress, consumed, flying);
}

/* The data of the current chunk were moved, from `begin` until now. */
static inline void observe_moved(const rp_pool *pool, double begin)
{
    if (pool->observe->recorder != NULL)
        pool->observe->recorder->moving += rpi_clock_seconds() - begin;
}

#endif
