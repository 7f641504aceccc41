/* What a pool lets others see of its jobs: the places where progress and recorder are told. Where
 * nobody looks each of them is one test. */
#ifndef RANKPOOL_POOL_SIGHT_H
#define RANKPOOL_POOL_SIGHT_H

#include "base/clock.h"
#include "pool/pool.h"

/* What the environment says about progress; what is wrong with it goes into *mine. Then: begins to
 * show it, if that is what it says. */
void rpi_sight_ask(rp_pool *pool, rp_error *mine);
rp_status rpi_sight_open(rp_pool *pool);

/* Shows no more, records no more. */
void rpi_sight_close(rp_pool *pool);

/* The pool's loop begins, named as the options say; this rank did its part up to `begin`,
 * and its agent, up to now. */
void rpi_sight_begin(rp_pool *pool, const rp_options *options);
void rpi_sight_end(rp_pool *pool, double begin);

/* A stream begins, of which `window` items at the most are under way (on the root), and ends. In
 * it: items that were computed since `begin`, and waiting since then. */
void rpi_sight_stream(rp_pool *pool, const rp_stream_job *job, int64_t window);
void rpi_sight_stream_end(rp_pool *pool);
void rpi_sight_parcel(rp_pool *pool, double begin, int64_t first, int64_t items);
void rpi_sight_wait(rp_pool *pool, double begin);

/* What this rank, since `begin`, did for the library: waited for its agent, exchanged edges. */
void rpi_sight_service(rp_pool *pool, double begin);

/* A claim of the loop's next slice, from `begin` until now. */
void rpi_sight_claim(rp_loop *loop, double begin, const struct claim_counts *before,
                     const rp_range *next);

/* A meeting for this call, from `begin` until now. */
void rpi_sight_meeting(struct recorder *recorder, enum call call, double begin);

/* The moment, if this rank records. */
static inline double sight_now(const rp_pool *pool)
{
    return pool->recorder != NULL ? rpi_clock_seconds() : 0;
}

/* The root has consumed so many items of its stream, and so many are under way. */
static inline void sight_consumed(const rp_pool *pool, int64_t consumed, int64_t flying)
{
    if (pool->progress != NULL)
        rpi_progress_stream(pool->progress, consumed, flying);
}

/* The data of the slice in hand were moved, from `begin` until now. */
static inline void sight_moved(const rp_pool *pool, double begin)
{
    if (pool->recorder != NULL)
        pool->recorder->moving += rpi_clock_seconds() - begin;
}

#endif
