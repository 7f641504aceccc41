#include "distrib/progress_message.h"

#include <stdlib.h>

/* Of all nodes together the root is to read no more than some thousand messages a second. */
bool rpi_progress_message_wanted(const rp_pool *pool, struct agent_message *message)
{
    const double usual = 0.25, each = 1e-3;
    double every = each * pool->world.nodes;
    *message =
        (struct agent_message){.kind = MESSAGE_PROGRESS, .seconds = every > usual ? every : usual};
    return pool->progress != NULL;
}

void rpi_progress_message_read(struct progress_message *news, rp_pool *pool, int node,
                               const struct agent_message *message)
{
    if (pool->world.rank == pool->world.root) {
        if (pool->progress != NULL && node != pool->world.node)
            rpi_progress_report(pool->progress, node, message->progress_counters);
        return;
    }
    if (news->session_dir == NULL)
        news->session_dir = malloc(pool->work_queue->log_capacity * sizeof *news->session_dir);
    if (news->session_dir != NULL)
        news->every = message->seconds;
}

bool rpi_progress_message_due(struct progress_message *news, struct work_queue *work_queue,
                              double now, struct agent_message *message)
{
    if (news->every <= 0 || now < news->next)
        return false;
    news->next = now + news->every;
    *message = (struct agent_message){.kind = MESSAGE_PROGRESS,
                                      .progress_counters =
                                          rpi_progress_message_counters(news, work_queue)};
    return true;
}

struct progress_counters rpi_progress_message_counters(struct progress_message *news,
                                                       struct work_queue *work_queue)
{
    return news->session_dir != NULL ? rpi_progress_counters_read(work_queue, news->session_dir)
                                     : (struct progress_counters){0, 0};
}

void rpi_progress_message_end(struct progress_message *news)
{
    free(news->session_dir);
}
