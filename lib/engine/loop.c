/* The pull loop: the program claims chunks and computes them in its own code. */
#include "engine/loop.h"

#include "base/clock.h"
#include "base/error.h"
#include "diag/diagnosis.h"
#include "engine/attempt.h"
#include "observe/hooks.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

/* Determines whether work is due between two chunks. */
static void loop_set_aside(rp_loop *loop)
{
    loop->aside = loop->attend != NULL || loop->pool->observe->recorder != NULL ||
                  loop->item_seconds > 0 || loop->saving.earlier.pool != NULL;
}

void rpi_loop_begin(rp_pool *pool, struct agent *agent, const rp_options *options)
{
    rp_loop *loop = &pool->loop;
    rpi_survival_enter(pool);
    loop->pool = pool;
    loop->ended = false;
    loop->enough = false;
    pool->enough = 0;
    loop->open = true;
    loop->agent_at = pool->ops->leader(pool);
    agent = agent != NULL ? rpi_agent_elect(agent) : NULL;
    loop->agent = agent;
    pool->loop.worker = pthread_self();
    interruption_begin(pool->work_queue);
    observe_begin(pool, options);
    if (agent != NULL)
        rpi_agent_begin(agent);
    loop->attend = agent != NULL && !agent->link.threaded ? rpi_node_link_attend : NULL;
    loop->item_seconds = 0;
    loop_set_aside(loop);
    rpi_error_clear(&loop->late);
    activity_begin_job(pool->diag->activities, pool->world.node_rank, &loop->units);
}

/* Is this node's part of the job done, as far as this rank can report? In a dispatched job only the
 * agent knows whether more units would come, so other ranks leave the answer to it. */
static bool loop_part_done(const rp_pool *pool, bool has_agent, bool agent_done)
{
    if (!pool->loop.dispatched)
        return rpi_work_queue_done(pool->work_queue);
    return !has_agent || agent_done;
}

void rpi_loop_end(rp_pool *pool, struct vote *vote)
{
    rp_loop *loop = &pool->loop;
    double begin = observe_now(pool);
    watchdog_limit(&pool->diag->watchdog, 0);
    activity_return(pool->diag->activity);
    bool has_agent = loop->agent != NULL;
    bool agent_done = has_agent && rpi_agent_end(loop->agent, vote);
    activity_end_job(pool->diag->activity);
    observe_end(pool, begin);
    loop->claimer.chunk = 0; /* no chunk is in progress, even if the rank left early */
    loop->agent = NULL;
    loop->attend = NULL;
    loop->aside = false;
    if (vote->error.status == RP_OK && work_queue_enough(pool->work_queue) >= 0)
        rpi_enough_vote(vote, work_queue_enough(pool->work_queue));
    /* From here on no rank of the node writes to the completion logs. */
    if (!loop_part_done(pool, has_agent, agent_done))
        rpi_interruption_vote(pool->work_queue, vote);
    rpi_survival_report(pool, &loop->units, &vote->error);
}

rp_status rpi_loop_agree(rp_pool *pool, const struct vote *vote)
{
    rp_status status = rpi_pool_agree(pool, vote);
    pool->loop.open = false;
    rpi_survival_leave(pool);
    return status;
}

/* Prepares this rank for the job, or for another round of it, before the agreement that opens
 * it. */
static void loop_prepare_round(rp_pool *pool, struct units units,
                               const struct schedule_choice *choice, const rp_options *options,
                               struct agent **agent, rp_error *error)
{
    struct job job = rpi_job(pool, units, *choice, options, false);
    rpi_job_prepare(pool, &job);
    if (job.dispatched)
        rpi_agent_make(
            pool, &(struct agent_job){.status_array = -1, .staging = &staging_none, .job = &job},
            agent, error);
}

static void loop_prepare(rp_pool *pool, int64_t n, const rp_options *options,
                         const struct schedule_choice *choice, struct agent **agent,
                         rp_error *error)
{
    struct units units = rpi_units_cut(n);
    if (job_dispatched(pool, false))
        rpi_rounds_begin(pool, units.count, (struct round_terms){.delivers = false}, error);
    if (error->status == RP_OK) /* else there is no account */
        loop_prepare_round(pool, units, choice, options, agent, error);
}

/* Sets the time limit per item of a loop that the program runs itself. */
static void loop_limit_items(rp_loop *loop, double item_seconds)
{
    loop->item_seconds = item_seconds;
    loop_set_aside(loop);
    loop->begun = 0;
    watchdog_limit(&loop->pool->diag->watchdog, item_seconds);
}

/* The program computes the items of a loop itself, so the library cannot retry them or count
 * failures. */
static rp_status loop_check(int64_t n, const rp_options *options, struct schedule_choice *choice,
                            rp_error *error)
{
    if (options->retries != 0 || options->max_failures != 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.retries and max_failures are for items that a function "
                             "computes, as in rp_map()");
    return rpi_job_check(n, options, choice, error);
}

rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop)
{
    static const rp_options defaults = {.user = NULL};
    if (loop != NULL)
        *loop = NULL;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    if (options == NULL)
        options = &defaults;
    struct schedule_choice choice = {RP_SCHEDULE_ADAPTIVE, 0};
    struct vote vote = rpi_vote(CALL_LOOP_OPEN);
    if (loop == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the loop in");
    else
        loop_check(n, options, &choice, &vote.error);
    rpi_loop_saving_check(pool, n, options, &vote.error);
    rpi_job_terms(&vote, n, &choice);
    rpi_attempt_terms(&vote, options);
    watchdog_provide(pool, options, &vote.error);
    struct agent *agent = NULL;
    rpi_survival_enter(pool);
    if (vote.error.status == RP_OK && !pool->loop.open)
        loop_prepare(pool, n, options, &choice, &agent, &vote.error);
    rp_status status = rpi_pool_agree(pool, &vote);
    if (status == RP_OK) {
        rpi_loop_begin(pool, agent, options);
        pool->loop.choice = choice;
        pool->loop.options = *options;
        pool->loop.more_rounds = pool->in_rounds;
        rpi_loop_saving_begin(&pool->loop, n, options);
        loop_limit_items(&pool->loop, options->item_seconds);
        *loop = &pool->loop;
    } else {
        rpi_agent_drop(agent);
    }
    rpi_survival_leave(pool);
    return status;
}

static bool loop_take_chunk(rp_loop *loop, rp_range *range)
{
    struct unit_range chunk = rpi_claim_next(&loop->claimer);
    loop->ended = unit_range_empty(chunk);
    if (!loop->ended)
        *range = units_to_items(&loop->units, chunk);
    return !loop->ended;
}

/* Takes the rest of the last chunk, or else a new chunk. */
static bool loop_take(rp_loop *loop, rp_range *range)
{
    if (loop->saving.earlier.pool == NULL)
        return loop_take_chunk(loop, range);
    while (!rpi_loop_saving_next(loop, range)) {
        if (!loop_take_chunk(loop, &loop->saving.rest))
            return false;
    }
    return true;
}

static void loop_begin_chunk(rp_loop *loop, rp_range chunk)
{
    double now = rpi_clock_seconds();
    double allowed = loop->item_seconds * (double)(chunk.end - chunk.begin);
    loop->chunk = chunk;
    loop->begun = now;
    rpi_activity_call(loop->pool->diag->activity, chunk, now, allowed);
}

/* Ends the current chunk, if there is one. If it was late, all ranks stop. */
static void loop_end_chunk(rp_loop *loop)
{
    double took = rpi_clock_seconds() - loop->begun;
    double allowed = loop->item_seconds * (double)(loop->chunk.end - loop->chunk.begin);
    activity_return(loop->pool->diag->activity);
    if (loop->begun > 0 && took > allowed) {
        rpi_error_late(&loop->late, loop->chunk, took, allowed);
        rpi_work_queue_stop(loop->pool->work_queue);
    }
    loop->begun = 0;
}

/* Takes a chunk, and does the work that is due between two chunks. */
static bool loop_take_aside(rp_loop *loop, rp_range *range)
{
    struct claim_counts before = loop->claimer.counts;
    double begin = observe_now(loop->pool);
    if (loop->attend != NULL)
        loop->attend(loop->agent);
    if (loop->item_seconds > 0)
        loop_end_chunk(loop);
    bool taken = loop_take(loop, range);
    if (taken && loop->item_seconds > 0)
        loop_begin_chunk(loop, *range);
    if (loop->pool->observe->recorder != NULL)
        rpi_observe_claim(loop, begin, &before, taken ? range : NULL);
    return taken;
}

/* In a job with rounds: ends a round by an agreement, reporting this rank's error `mine`. Returns
 * whether another round has begun. */
static bool loop_next_round(rp_loop *loop, const struct rp_error *mine)
{
    rp_pool *pool = loop->pool;
    struct agent *agent = NULL;
    struct vote ended = rpi_vote(CALL_LOOP_ROUND);
    ended.error = *mine;
    rpi_loop_end(pool, &ended);
    rpi_loop_agree(pool, &ended);
    bool again = rpi_rounds_follow(pool, false);
    if (again) {
        rpi_error_clear(&pool->last);
        loop_prepare_round(pool, loop->units, &loop->choice, &loop->options, &agent, &pool->last);
        again = rpi_pool_agree_prepared(pool) == RP_OK;
    }
    if (again) {
        rpi_loop_begin(pool, agent, &loop->options);
        loop_limit_items(loop, loop->options.item_seconds);
    } else {
        rpi_agent_drop(agent);
        loop->more_rounds = false;
        loop->over = pool->last;
        loop->open = true; /* until rp_loop_close() */
    }
    return again;
}

/* Takes a chunk from a later round, if there is one. */
static bool loop_take_later(rp_loop *loop, rp_range *range)
{
    while (loop->more_rounds && loop_next_round(loop, &loop->late)) {
        if (loop->aside ? loop_take_aside(loop, range) : loop_take_chunk(loop, range))
            return true;
    }
    return false;
}

bool rpi_loop_next_aside(rp_loop *loop, rp_range *range)
{
    return loop_take_aside(loop, range) || loop_take_later(loop, range);
}

bool rpi_loop_next_later(rp_loop *loop, rp_range *range)
{
    loop->ended = true;
    return loop_take_later(loop, range);
}

bool rp_loop_next(rp_loop *loop, rp_range *range)
{
    return loop_next(loop, range);
}

rp_status rp_loop_enough(rp_loop *loop, int64_t item)
{
    if (loop == NULL)
        return rpi_refuse_null(__func__, "loop");
    if (!loop->open || item < 0)
        return RP_ERR_ARGUMENT;
    rpi_pool_enough(loop->pool, item);
    return RP_OK;
}

/* The other ranks end their round with an agreement that also waits for a rank that leaves
 * early. */
static void loop_close_rounds(rp_loop *loop, struct vote *vote)
{
    if (loop->more_rounds)
        loop_next_round(loop, &vote->error);
    if (vote->error.status == RP_OK || loop->over.status != RP_OK)
        vote->error = loop->over;
    rpi_survival_enter(loop->pool);
}

rp_status rp_loop_close(rp_loop **loop, rp_status mine)
{
    if (loop == NULL || *loop == NULL)
        return rpi_refuse_null(__func__, "loop");
    if (!(*loop)->open)
        return RP_ERR_ARGUMENT;
    rp_loop *closing = *loop;
    rp_pool *pool = closing->pool;
    *loop = NULL;
    struct vote vote = rpi_vote(CALL_LOOP_CLOSE);
    if (mine != RP_OK)
        rpi_error_set(&vote.error, mine, "rank %d gave up: %s", pool->world.rank,
                      rp_strerror(mine));
    else if (!closing->ended && work_queue_enough(pool->work_queue) < 0)
        rpi_error_set(&vote.error, RP_ERR_STATE, "rank %d left a loop before its end, with RP_OK",
                      pool->world.rank);
    if (vote.error.status == RP_OK || closing->late.status != RP_OK)
        vote.error = closing->late;
    if (vote.error.status != RP_OK)
        rpi_work_queue_stop(pool->work_queue);
    if (pool->in_rounds)
        loop_close_rounds(closing, &vote);
    else
        rpi_loop_end(pool, &vote);
    rp_status status = rpi_loop_agree(pool, &vote);
    rpi_loop_saving_end(closing, status);
    return status;
}
