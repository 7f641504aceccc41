/* Progress that the program asks for, and that of its own loops. While one of these runs, jobs do
 * not show theirs. */
#include "observe/hooks.h"

#include <errno.h>

rp_status rp_show_progress(rp_pool *pool, rp_progress progress)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    if ((int)progress < RP_PROGRESS_ASKED || (int)progress > RP_PROGRESS_OFF)
        return RP_ERR_ARGUMENT;
    if (pool->loop.open)
        return RP_ERR_STATE;
    if (pool->world.rank != pool->world.root)
        return RP_OK;
    rpi_progress_drop(pool->observe->progress);
    struct progress_site site = {.work_queue = pool->work_queue,
                                 .node = pool->world.node,
                                 .nodes = pool->world.nodes,
                                 .ranks = pool->world.ranks};
    return rpi_progress_make(&pool->observe->progress, progress, &pool->observe->progress_wish,
                             &site);
}

static void own_loop_begin(rp_pool *pool, const char *unit, int64_t total)
{
    pool->observe->in_own_loop = true;
    pool->observe->own_done = 0;
    if (pool->observe->recorder != NULL)
        rpi_record_own_work(pool->observe->recorder, rpi_clock_seconds(), true);
    if (pool->observe->progress != NULL)
        rpi_progress_begin(pool->observe->progress,
                           &(struct progress_job){.name = program_invocation_short_name,
                                                  .unit = unit,
                                                  .own = true,
                                                  .expected = total});
}

static void own_loop_end(rp_pool *pool)
{
    pool->observe->in_own_loop = false;
    if (pool->observe->recorder != NULL)
        rpi_record_own_work(pool->observe->recorder, rpi_clock_seconds(), false);
    rpi_progress_end(pool->observe->progress);
}

static void own_loop_advance(rp_pool *pool, int64_t done)
{
    if (pool->observe->recorder != NULL && done > pool->observe->own_done)
        rpi_record_step(pool->observe->recorder, rpi_clock_seconds(),
                        (rp_range){pool->observe->own_done, done});
    pool->observe->own_done = done;
    if (pool->observe->progress != NULL)
        rpi_progress_stream(pool->observe->progress, done, 0);
}

rp_status rp_progress_set(rp_pool *pool, const char *unit, int64_t done, int64_t total)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    if (done < 0 || total < 0)
        return RP_ERR_ARGUMENT;
    if (pool->loop.open)
        return RP_ERR_STATE;
    if (pool->observe->in_own_loop && done == 0)
        own_loop_end(pool); /* the application left the previous loop early */
    if (!pool->observe->in_own_loop && done < total)
        own_loop_begin(pool, unit, total);
    if (pool->observe->in_own_loop)
        own_loop_advance(pool, done);
    if (pool->observe->in_own_loop && done >= total)
        own_loop_end(pool);
    return RP_OK;
}
