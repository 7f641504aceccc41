/* A worklist as a stream of loans from the root, in pools on several nodes that survive deaths, and
 * in those with a checkpoint. Nodes that may die cannot keep results or lend items on, so the root
 * keeps all waiting items of the job. It lends them in bundles, the items of a stream; a rank
 * computes a bundle for some milliseconds, and gives back what it found together with the items
 * that are left. The stream keeps a copy of each bundle until that is back, and computes it again
 * if its rank or node dies (stream/redo.c). So the root can save the state of the job at any moment
 * (worklist/save.h). */
#ifndef RANKPOOL_WORKLIST_BY_STREAM_H
#define RANKPOOL_WORKLIST_BY_STREAM_H

#include "worklist/worker.h"

/* Runs a valid job, after the agreement on it; `shape`: of a rank's deque. Collective; every rank
 * gets the same status. */
rp_status rpi_worklist_by_stream(rp_pool *pool, const rp_worklist_job *job,
                                 const struct deque_shape *shape);

#endif
