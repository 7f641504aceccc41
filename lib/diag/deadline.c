#include "diag/deadline.h"

#include "base/error.h"
#include "engine/task.h"

#include <stdio.h>
#include <stdlib.h>

void rpi_deadline_passed(rp_pool *pool, int node_rank, rp_range items)
{
    int rank = atomic_load_explicit(&pool->activities->of[node_rank].rank, memory_order_relaxed);
    char text[64];
    rp_error here;
    rpi_error_clear(&here);
    rpi_error_host(&here);
    rpi_range_text(items, text, sizeof text);
    fprintf(stderr,
            "rankpool: %s on rank %d (%s): no end after twice the time that options.item_seconds "
            "allows, so the job ends\n",
            text, rank, here.host);
    /* Given any other communicator, MPICH waits for its ranks. */
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}
