/* The core that the pull loop and the patterns above it share. A dispatched job's loop has an
 * agent. */
#ifndef RANKPOOL_ENGINE_LOOP_H
#define RANKPOOL_ENGINE_LOOP_H

#include "distrib/node_agent.h"

/* Opens the pool's loop on the prepared job. `agent` is the agent that was made for it, or NULL;
 * `options` are those of the job. Call it after all ranks have agreed to begin. */
void rpi_loop_begin(rp_pool *pool, struct agent *agent, const rp_options *options);

/* Ends this rank's part, and waits until its agent has finished too. Puts the agent's errors into
 * the vote, as rpi_agent_end() does, and whether the job was interrupted. The loop stays open until
 * the agreement. */
void rpi_loop_end(rp_pool *pool, struct vote *vote);

/* Agrees to close the loop. */
rp_status rpi_loop_agree(rp_pool *pool, const struct vote *vote);

/* The slow paths of loop_next(): where work is due between two chunks, and where no chunk is left.
 * loop_next() is rp_loop_next() for the library's own hot paths. */
bool rpi_loop_next_aside(rp_loop *loop, rp_range *range);
bool rpi_loop_next_later(rp_loop *loop, rp_range *range);

static inline bool loop_next(rp_loop *loop, rp_range *range)
{
    if (loop->aside)
        return rpi_loop_next_aside(loop, range);
    struct unit_range chunk = rpi_claim_next(&loop->claimer);
    if (unit_range_empty(chunk))
        return rpi_loop_next_later(loop, range);
    *range = units_to_items(&loop->units, chunk);
    return true;
}

#endif
