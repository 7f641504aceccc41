#include "observe/hooks.h"

void rpi_observe_ask(rp_pool *pool, rp_error *mine)
{
    if (mine->status == RP_OK)
        rpi_progress_wish(&pool->observe->progress_wish, mine);
}

rp_status rpi_observe_open(rp_pool *pool)
{
    return rp_show_progress(pool, RP_PROGRESS_ASKED);
}

void rpi_observe_close(rp_pool *pool)
{
    rpi_progress_drop(pool->observe->progress);
    rpi_recorder_drop(pool->observe->recorded);
    pool->observe->progress = NULL;
    pool->observe->recorder = pool->observe->recorded = NULL;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* The time since the last event went into preparing the job. */
static void job_record(rp_pool *pool, const rp_options *options)
{
    if (pool->observe->recorder == NULL)
        return;
    rpi_record_until_now(pool->observe->recorder, COMMUNICATING);
    rpi_record_job(pool->observe->recorder, options->name);
}

void rpi_observe_stream(rp_pool *pool, const rp_options *options, struct progress_job shown)
{
    job_record(pool, options);
    shown.name = options->name;
    shown.unit = options->unit;
    if (pool->observe->progress != NULL && !pool->observe->in_own_loop)
        rpi_progress_begin(pool->observe->progress, &shown);
}

void rpi_observe_stream_end(rp_pool *pool)
{
    if (!pool->observe->in_own_loop)
        rpi_progress_end(pool->observe->progress);
}

void rpi_observe_packet(rp_pool *pool, double begin, int64_t first, int64_t items)
{
    if (pool->observe->recorder != NULL && items > 0)
        rpi_record_chunk(pool->observe->recorder, begin, rpi_clock_seconds(),
                         (rp_range){first, first + items});
}

void rpi_observe_wait(rp_pool *pool, double begin)
{
    if (pool->observe->recorder != NULL)
        rpi_record(pool->observe->recorder, WAITING, begin, rpi_clock_seconds());
}

void rpi_observe_search(rp_pool *pool, double begin, double waited, uint64_t steals)
{
    if (pool->observe->recorder != NULL)
        rpi_record_claim(pool->observe->recorder, begin, rpi_clock_seconds(), waited, steals, NULL);
}

void rpi_observe_begin(rp_pool *pool, const rp_options *options)
{
    const char *name = options->name, *unit = options->unit;
    job_record(pool, options);
    if (pool->observe->progress != NULL && !pool->observe->in_own_loop)
        rpi_progress_begin(
            pool->observe->progress,
            &(struct progress_job){.name = name, .unit = unit, .units = pool->loop.units});
}

void rpi_observe_service(rp_pool *pool, double begin)
{
    if (pool->observe->recorder != NULL)
        rpi_record(pool->observe->recorder, COMMUNICATING, begin, rpi_clock_seconds());
}

void rpi_observe_end(rp_pool *pool, double begin)
{
    if (pool->observe->recorder != NULL)
        rpi_record_job_end(pool->observe->recorder, begin, pool->loop.claimer.counts.draws);
    rpi_observe_service(pool, begin);
    if (!pool->observe->in_own_loop)
        rpi_progress_end(pool->observe->progress);
}

void rpi_observe_claim(rp_loop *loop, double begin, const struct claim_counts *before,
                       const rp_range *next)
{
    const struct claim_counts *counts = &loop->claimer.counts;
    rpi_record_claim(loop->pool->observe->recorder, begin, rpi_clock_seconds(),
                     counts->waited - before->waited, counts->steals - before->steals, next);
}

static rp_status recorder_before_agreement(rp_pool *pool, enum call call, rp_error *error)
{
    (void)call;
    (void)error;
    if (pool->observe->recorder != NULL)
        pool->observe->recorder->agreement_begun = rpi_clock_seconds();
    return RP_OK;
}

/* The time before an inner call was the library's too: it moved data. */
static void recorder_after_agreement(rp_pool *pool, enum call call, rp_status agreed)
{
    struct recorder *recorder = pool->observe->recorder;
    (void)agreed;
    if (recorder == NULL)
        return;
    double begin = recorder->agreement_begun;
    if (rpi_call_inner(call))
        rpi_record(recorder, COMMUNICATING, recorder->mark, begin);
    rpi_record(recorder, WAITING, begin, rpi_clock_seconds());
    if (call == CALL_LOOP_CLOSE)
        recorder->job = recorder->label = 0;
}

const struct agreement_hook rpi_recorder_hook = {recorder_before_agreement,
                                                 recorder_after_agreement};
