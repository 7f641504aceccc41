/* What the pull loop and the patterns on it share: a loop has an agent, if its job is
 * dispatched. */
#ifndef RANKPOOL_POOL_LOOP_H
#define RANKPOOL_POOL_LOOP_H

#include "pool/agent.h"

/* Opens the pool's loop on the job that is prepared, with the agent that was made for it, or NULL,
 * and the options that name it. When all ranks have agreed to begin. */
void rpi_loop_begin(rp_pool *pool, struct agent *agent, const rp_options *options);

/* This rank has done its part: waits until its agent has, too. What went wrong with the agent goes
 * into the ballot, as rpi_agent_end() says, and that the job was interrupted. The loop stays open
 * until the ranks have met. */
void rpi_loop_end(rp_pool *pool, struct ballot *ballot);

/* Meets to close the loop. */
rp_status rpi_loop_meet(rp_pool *pool, const struct ballot *ballot);

/* Where something is to be done between two slices, and when there are none left: out of the way of
 * loop_next(), which is rp_loop_next() for the hot paths of the library itself. */
bool rpi_loop_next_aside(rp_loop *loop, rp_range *range);
bool rpi_loop_next_later(rp_loop *loop, rp_range *range);

static inline bool loop_next(rp_loop *loop, rp_range *range)
{
    if (loop->aside)
        return rpi_loop_next_aside(loop, range);
    struct span slice = rpi_claim_next(&loop->claimer);
    if (span_empty(slice))
        return rpi_loop_next_later(loop, range);
    *range = units_to_items(&loop->units, slice);
    return true;
}

#endif
