/* Rounds: how a job of several nodes goes on when ranks die.
 *
 * A round is what the whole job is where nobody dies: nodes work off what they began with and what
 * they are sent. On its node, what a dead rank leaves goes to the others, as on one node. When the
 * rank dies that has the node's agent, the others of that node leave the round; when a node dies
 * there is nobody to leave. In the end, if somebody has died, the nodes account for what is there,
 * and what is not is left for another round, with other agents. So nobody takes over anything in
 * the middle of it. */
#ifndef RANKPOOL_RESILIENCE_ROUNDS_H
#define RANKPOOL_RESILIENCE_ROUNDS_H

#include "engine/job.h"
#include "sched/failure_accounting.h"

/* Begins the rounds of a job of so many units. Every rank does, before the first is prepared. */
void rpi_rounds_begin(rp_pool *pool, uint32_t units, struct round_terms terms, rp_error *error);

/* When all have met to end a round: is there to be another one? Then the work queue can be prepared for
 * it. Collective, the same answer everywhere. The pool's last error tells how it went, and in the
 * end how all rounds did. `missing`: of partial results something is. */
bool rpi_rounds_follow(rp_pool *pool, bool missing);

/* On the root: says with the next agreement whether there is to be another round. Then, and
 * elsewhere, when all have met: is there? */
void rpi_rounds_send(rp_pool *pool, bool again);
bool rpi_rounds_received(const rp_pool *pool);

/* On the root: the next span that was given up between rounds, the lowest behind *span. False:
 * there is none. */
bool rpi_rounds_next_given_up(const rp_pool *pool, struct unit_range *unit_range);

/* Frees what the last job has left. */
void rpi_rounds_end(rp_pool *pool);

#endif
