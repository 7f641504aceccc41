#include "pool/sight.h"

rp_status rp_show_progress(rp_pool *pool, rp_progress progress)
{
    if (pool == NULL || (int)progress < RP_PROGRESS_ASKED || (int)progress > RP_PROGRESS_OFF)
        return RP_ERR_ARGUMENT;
    if (pool->loop.open)
        return RP_ERR_STATE;
    if (pool->world.rank != pool->world.root)
        return RP_OK;
    rpi_progress_drop(pool->progress);
    struct progress_site site = {.board = pool->board,
                                 .node = pool->world.node,
                                 .nodes = pool->world.nodes,
                                 .ranks = pool->world.ranks};
    return rpi_progress_make(&pool->progress, progress, &pool->progress_wish, &site);
}

void rpi_sight_ask(rp_pool *pool, rp_error *mine)
{
    if (mine->status == RP_OK)
        rpi_progress_wish(&pool->progress_wish, mine);
}

rp_status rpi_sight_open(rp_pool *pool)
{
    return rp_show_progress(pool, RP_PROGRESS_ASKED);
}

void rpi_sight_close(rp_pool *pool)
{
    rpi_progress_drop(pool->progress);
    rpi_recorder_drop(pool->recorder);
    pool->progress = NULL;
    pool->recorder = NULL;
}

/* What came before a job was preparing it. */
static void record_job(rp_pool *pool, const rp_options *options)
{
    if (pool->recorder == NULL)
        return;
    rpi_record_until_now(pool->recorder, COMMUNICATING);
    rpi_record_job(pool->recorder, options->name);
}

void rpi_sight_stream(rp_pool *pool, const rp_stream_job *job, int64_t window)
{
    const rp_options *options = &job->options;
    record_job(pool, options);
    if (pool->progress != NULL)
        rpi_progress_begin(pool->progress, &(struct progress_job){.name = options->name,
                                                                  .unit = options->unit,
                                                                  .window = window,
                                                                  .expected = job->expected_items});
}

void rpi_sight_stream_end(rp_pool *pool)
{
    rpi_progress_end(pool->progress);
}

void rpi_sight_parcel(rp_pool *pool, double begin, int64_t first, int64_t items)
{
    if (pool->recorder != NULL && items > 0)
        rpi_record_slice(pool->recorder, begin, rpi_clock_seconds(),
                         (rp_range){first, first + items});
}

void rpi_sight_wait(rp_pool *pool, double begin)
{
    if (pool->recorder != NULL)
        rpi_record(pool->recorder, WAITING, begin, rpi_clock_seconds());
}

void rpi_sight_begin(rp_pool *pool, const rp_options *options)
{
    const char *name = options->name, *unit = options->unit;
    record_job(pool, options);
    if (pool->progress != NULL)
        rpi_progress_begin(pool->progress, &(struct progress_job){.name = name,
                                                                  .unit = unit,
                                                                  .units = pool->loop.units});
}

void rpi_sight_service(rp_pool *pool, double begin)
{
    if (pool->recorder != NULL)
        rpi_record(pool->recorder, COMMUNICATING, begin, rpi_clock_seconds());
}

void rpi_sight_end(rp_pool *pool, double begin)
{
    if (pool->recorder != NULL)
        rpi_record_job_end(pool->recorder, begin, pool->loop.claimer.counts.draws);
    rpi_sight_service(pool, begin);
    rpi_progress_end(pool->progress);
}

void rpi_sight_claim(rp_loop *loop, double begin, const struct claim_counts *before,
                     const rp_range *next)
{
    const struct claim_counts *counts = &loop->claimer.counts;
    rpi_record_claim(loop->pool->recorder, begin, rpi_clock_seconds(),
                     counts->waited - before->waited, counts->steals - before->steals, next);
}

/* Does the library make this call by itself, in the course of another? */
static bool is_inner(enum call call)
{
    switch (call) {
    case CALL_ALLOC_DONE:
    case CALL_REDUCED:
    case CALL_SPREAD:
    case CALL_STAGED:
    case CALL_MOVED:
    case CALL_GRID_OPENED:
    case CALL_GRID_MOVED:
    case CALL_TOLD:
        return true;
    default:
        return false;
    }
}

/* What came before an inner call was the library's, too: data were moved. */
void rpi_sight_meeting(struct recorder *recorder, enum call call, double begin)
{
    if (recorder == NULL)
        return;
    if (is_inner(call))
        rpi_record(recorder, COMMUNICATING, recorder->mark, begin);
    rpi_record(recorder, WAITING, begin, rpi_clock_seconds());
    if (call == CALL_LOOP_CLOSE)
        recorder->job = recorder->label = 0;
}
