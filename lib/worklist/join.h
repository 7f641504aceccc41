/* The result of a worklist on every rank: those of all deques joined, then those of all nodes. */
#ifndef RANKPOOL_WORKLIST_JOIN_H
#define RANKPOOL_WORKLIST_JOIN_H

#include "sched/deque_group.h"
#include "worklist/lend.h"

/* Joins, after an agreement that all items are done, and stores result, best value and witness
 * where the job says. `lend` is this node's link, on the rank that leads the node; `joined` has
 * room for a result with its incumbent. Collective; leaves an error of this rank in pool->last. The
 * program's combine() must not call the pool. */
void rpi_worklist_join(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group,
                       struct lend *lend, void *joined);

#endif
