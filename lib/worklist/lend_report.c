#include "worklist/lend_report.h"

#include "base/clock.h"
#include "worklist/bound.h"

#include <math.h>

/* ---- progress -------------------------------------------------------------------------------- */

int rpi_lend_send_report(struct lend *lend)
{
    struct loan_message message = {.done = 0};
    double now = rpi_clock_seconds();
    if (lend->report_every <= 0 || now < lend->next_report || lend->link.finish_sent)
        return MPI_SUCCESS;
    lend->next_report = now + lend->report_every;
    rpi_deque_group_count(lend->group, &message.done, &message.waiting);
    return lend_send(lend, lend->pool->world.root_node, LOAN_PROGRESS, message);
}

/* On the root a report, elsewhere a request for reports. */
void rpi_lend_read_progress(struct lend *lend, int from, const struct loan_message *message)
{
    if (!lend->link.on_root) {
        lend->report_every = message->seconds;
        return;
    }
    int64_t *reported = &lend->reported[2 * (ptrdiff_t)from];
    atomic_fetch_add(&lend->done, message->done - reported[0]);
    atomic_fetch_add(&lend->waiting, message->waiting - reported[1]);
    reported[0] = message->done;
    reported[1] = message->waiting;
}

/* At most some thousand reports a second come to the root. */
int rpi_lend_request_reports(struct lend *lend)
{
    const double least = 0.25, each = 1e-3;
    const struct world *world = &lend->pool->world;
    double every = fmax(least, each * world->nodes);
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node)
            code = lend_send(lend, node, LOAN_PROGRESS, (struct loan_message){.seconds = every});
    }
    return code;
}

/* ---- the bound ------------------------------------------------------------------------------- */

int rpi_lend_send_bound(struct lend *lend)
{
    const struct world *world = &lend->pool->world;
    uint64_t best = lend->bound != NULL ? bound_best(lend->bound) : NO_INCUMBENT;
    int code = MPI_SUCCESS;
    if (best >= lend->best || lend->closed)
        return MPI_SUCCESS;
    lend->best = best;
    if (!lend->link.on_root)
        return lend_send(lend, world->root_node, LOAN_BOUND, (struct loan_message){.best = best});
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node)
            code = lend_send(lend, node, LOAN_BOUND, (struct loan_message){.best = best});
    }
    return code;
}

/* The root sends on what it gets; another node does not send back what it got. */
void rpi_lend_read_bound(struct lend *lend, uint64_t best)
{
    if (!lend->link.on_root && best < lend->best)
        lend->best = best;
    rpi_bound_merge(lend->bound, best);
}
