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

#endif
