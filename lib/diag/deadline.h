/* What becomes of a call that does not end: it has taken twice as long as options.item_seconds
 * allows, so it does not ask rp_task_cancelled(), or does not heed it. */
#ifndef RANKPOOL_DIAG_DEADLINE_H
#define RANKPOOL_DIAG_DEADLINE_H

#include "pool/pool.h"

/* Ends the job, and says why. Called from the thread of the watch, on the first rank of the
 * node. The one place where the library ends a program: nothing else can reach a rank that does
 * not come back. */
void rpi_deadline_passed(rp_pool *pool, int node_rank, rp_range items);

#endif
