#include "pool/overrun.h"

#include "base/error.h"
#include "pool/task.h"

#include <stdio.h>
#include <stdlib.h>

void rpi_overrun(rp_pool *pool, const struct overrun *overrun)
{
    char items[64];
    rp_error here;
    rpi_error_clear(&here);
    rpi_error_host(&here);
    rpi_range_text(overrun->items, items, sizeof items);
    fprintf(stderr,
            "rankpool: %s on rank %d (%s): no end after twice the time that options.item_seconds "
            "allows, so the job ends\n",
            items, overrun->rank, here.host);
    MPI_Abort(pool->world.comm, EXIT_FAILURE);
}
