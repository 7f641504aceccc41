/* Rounds: how a job on several nodes goes on after ranks have died.
 *
 * A job without deaths is a single round, in which nodes compute their initial units and the
 * batches that they are sent. Within a node the other ranks take over the units of a dead rank, as
 * on a single node. If the rank that runs the node's agent dies, the other ranks of that node leave
 * the round; if the whole node dies, there are none. After a round with deaths the nodes account
 * for the units that are finished; the rest is left to another round, with new agents. So agents
 * are never replaced during a round. */
#ifndef RANKPOOL_RESILIENCE_ROUNDS_H
#define RANKPOOL_RESILIENCE_ROUNDS_H

#include "resilience/survival.h"

/* Begins the rounds of a dispatched job of `units` units. Called by every rank, before the first
 * round is prepared. */
void rpi_rounds_begin(rp_pool *pool, uint32_t units, struct round_terms terms, rp_error *error);

/* Called after the agreement that ends a round: does another round follow? If so, the caller
 * prepares the work queue for it. Collective; all ranks get the same answer. The pool's last error
 * is the result of this round or, after the last one, of all rounds. `missing`: some partial
 * results are missing. */
bool rpi_rounds_follow(rp_pool *pool, bool missing);

/* On the root: announces with the next agreement whether another round follows. */
void rpi_rounds_send(rp_pool *pool, bool again);

/* On any rank, after that agreement: does another round follow? */
bool rpi_rounds_received(const rp_pool *pool);

/* Frees the state of the last job. */
void rpi_rounds_end(rp_pool *pool);

#endif
