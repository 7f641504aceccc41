/* The pull loop: the engine opened up for the caller's own code. */
#include "pool/loop.h"

#include "base/clock.h"
#include "base/error.h"
#include "pool/rounds.h"
#include "pool/sight.h"
#include "pool/survival.h"
#include "pool/trial.h"

static double attend(void *closure)
{
    return rpi_agent_attend(closure);
}

void rpi_loop_begin(rp_pool *pool, struct agent *agent, const rp_options *options)
{
    rp_loop *loop = &pool->loop;
    rpi_survival_enter(pool);
    loop->pool = pool;
    loop->ended = false;
    loop->open = true;
    loop->agent_at = rpi_meeting_led_by(&pool->world.meeting);
    loop->agent = agent = rpi_agent_elect(agent);
    pool->worker = pthread_self();
    rpi_interruption_begin(pool->board);
    rpi_sight_begin(pool, options);
    rpi_agent_begin(agent);
    loop->attends = agent != NULL && !agent->threaded;
    loop->aside = loop->attends || pool->recorder != NULL;
    loop->item_seconds = 0;
    rpi_error_clear(&loop->late);
    rpi_doing_begin_job(pool->doings, pool->world.node_rank, &loop->units);
    if (loop->attends && !pool->in_rounds)
        rpi_claim_attend(&loop->claimer, attend, agent);
}

/* Is this node's part in the job done, as far as this rank is to say so? With agents, theirs is the
 * word: only they know whether more was to come. */
static bool part_is_done(const rp_pool *pool, bool has_agent, bool agent_done)
{
    if (!pool->loop.dispatched)
        return rpi_board_done(pool->board);
    return !has_agent || agent_done;
}

void rpi_loop_end(rp_pool *pool, struct ballot *ballot)
{
    rp_loop *loop = &pool->loop;
    double begin = sight_now(pool);
    rpi_watch_limit(&pool->watch, 0);
    rpi_doing_return(pool->doing);
    bool has_agent = loop->agent != NULL;
    bool agent_done = rpi_agent_end(loop->agent, ballot);
    rpi_doing_end_job(pool->doing);
    rpi_sight_end(pool, begin);
    loop->claimer.slice = 0; /* not in hand any more, also where a rank left early */
    loop->agent = NULL;
    loop->attends = false;
    loop->aside = false;
    /* From here on no rank of the node adds to the logs. */
    if (!part_is_done(pool, has_agent, agent_done))
        rpi_interruption_tell(pool->board, ballot);
    rpi_survival_report(pool, &loop->units, &ballot->error);
}

rp_status rpi_loop_meet(rp_pool *pool, const struct ballot *ballot)
{
    rp_status status = rpi_pool_meet(pool, ballot);
    pool->loop.open = false;
    rpi_survival_leave(pool);
    return status;
}

/* Prepares this rank for the job, or for another round of it, before the ranks meet to open it. */
static void prepare_round(rp_pool *pool, struct units units, const struct choice *choice,
                          double call_seconds, struct agent **agent, rp_error *error)
{
    static const struct staging nothing = {.most = UINT32_MAX};
    struct job job = rpi_job(pool, units, *choice, call_seconds, false);
    rpi_job_prepare(pool, &job);
    if (job.dispatched)
        rpi_agent_make(pool,
                       &(struct agent_job){.status_array = -1, .staging = &nothing, .job = &job},
                       agent, error);
}

static void prepare(rp_pool *pool, int64_t n, const rp_options *options,
                    const struct choice *choice, struct agent **agent, rp_error *error)
{
    struct units units = rpi_units_cut(n);
    rpi_rounds_begin(pool, units.count, (struct round_terms){.delivers = false}, error);
    prepare_round(pool, units, choice, options->call_seconds, agent, error);
}

/* Limits the time that the program may take for an item of a loop it works off itself. */
static void limit(rp_loop *loop, double item_seconds)
{
    loop->item_seconds = item_seconds;
    loop->aside = loop->aside || item_seconds > 0;
    loop->begun = 0;
    rpi_watch_limit(&loop->pool->watch, item_seconds);
}

/* The items of a loop are computed by the program itself, which knows when one has failed. */
static rp_status check(int64_t n, const rp_options *options, struct choice *choice, rp_error *error)
{
    if (options->retries != 0 || options->max_failures != 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.retries and max_failures are for items that a function "
                             "computes: rp_map() and rp_reduce()");
    return rpi_job_check(n, options, choice, error);
}

rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop)
{
    static const rp_options defaults = {.user = NULL};
    if (loop != NULL)
        *loop = NULL;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    if (options == NULL)
        options = &defaults;
    struct choice choice = {RP_ADAPTIVE, 0};
    struct ballot ballot = rpi_ballot(CALL_LOOP_OPEN);
    if (loop == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no place to store the loop in");
    else
        check(n, options, &choice, &ballot.error);
    rpi_loop_keeping_check(pool, n, options, &ballot.error);
    rpi_job_terms(&ballot, n, &choice);
    rpi_trial_terms(&ballot, 3, options);
    rpi_watch_provide(pool, options, &ballot.error);
    struct agent *agent = NULL;
    rpi_survival_enter(pool);
    if (ballot.error.status == RP_OK && !pool->loop.open)
        prepare(pool, n, options, &choice, &agent, &ballot.error);
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status == RP_OK) {
        rpi_loop_begin(pool, agent, options);
        limit(&pool->loop, options->item_seconds);
        pool->loop.choice = choice;
        pool->loop.options = *options;
        pool->loop.in_rounds = pool->in_rounds;
        rpi_loop_keeping_begin(&pool->loop, n, options);
        *loop = &pool->loop;
    } else {
        rpi_agent_drop(agent);
    }
    rpi_survival_leave(pool);
    return status;
}

static bool take_slice(rp_loop *loop, rp_range *range)
{
    struct span slice = rpi_claim_next(&loop->claimer);
    loop->ended = span_empty(slice);
    if (!loop->ended)
        *range = units_to_items(&loop->units, slice);
    return !loop->ended;
}

/* Takes a slice, or goes on with what is left of the last. */
static bool take(rp_loop *loop, rp_range *range)
{
    if (!loop->keeping.on)
        return take_slice(loop, range);
    while (!rpi_loop_keeping_next(loop, range)) {
        if (!take_slice(loop, &loop->keeping.rest))
            return false;
    }
    return true;
}

static void begin_slice(rp_loop *loop, rp_range slice)
{
    double now = rpi_clock_seconds();
    double allowed = loop->item_seconds * (double)(slice.end - slice.begin);
    loop->slice = slice;
    loop->begun = now;
    rpi_doing_call(loop->pool->doing, slice, now, allowed);
}

/* The slice at hand, if there is one, is done. If that was late, all ranks stop. */
static void end_slice(rp_loop *loop)
{
    double took = rpi_clock_seconds() - loop->begun;
    double allowed = loop->item_seconds * (double)(loop->slice.end - loop->slice.begin);
    rpi_doing_return(loop->pool->doing);
    if (loop->begun > 0 && took > allowed) {
        rpi_error_late(&loop->late, loop->slice, took, allowed);
        rpi_board_stop(loop->pool->board);
    }
    loop->begun = 0;
}

/* Takes a slice, and does before and after it what is to be done between two. */
static bool take_aside(rp_loop *loop, rp_range *range)
{
    struct claim_counts before = loop->claimer.counts;
    double begin = sight_now(loop->pool);
    if (loop->attends)
        rpi_agent_attend(loop->agent);
    if (loop->item_seconds > 0)
        end_slice(loop);
    bool taken = take(loop, range);
    if (taken && loop->item_seconds > 0)
        begin_slice(loop, *range);
    if (loop->pool->recorder != NULL)
        rpi_sight_claim(loop, begin, &before, taken ? range : NULL);
    return taken;
}

/* Where the job goes on in rounds: meets to end one, with what went wrong on this rank. Is
 * there another? */
static bool next_round(rp_loop *loop, const struct rp_error *mine)
{
    rp_pool *pool = loop->pool;
    struct agent *agent = NULL;
    struct ballot ended = rpi_ballot(CALL_LOOP_ROUND), prepared = rpi_ballot(CALL_PREPARED);
    ended.error = *mine;
    rpi_loop_end(pool, &ended);
    rpi_loop_meet(pool, &ended);
    bool again = rpi_rounds_follow(pool, false);
    if (again)
        prepare_round(pool, loop->units, &loop->choice, loop->options.call_seconds, &agent,
                      &prepared.error);
    again = again && rpi_pool_meet(pool, &prepared) == RP_OK;
    if (again) {
        rpi_loop_begin(pool, agent, &loop->options);
        limit(loop, loop->options.item_seconds);
        loop->aside = loop->aside || loop->keeping.on;
    } else {
        rpi_agent_drop(agent);
        loop->in_rounds = false;
        loop->over = pool->last;
        loop->open = true; /* until it is closed */
    }
    return again;
}

/* Is there another slice after this round? */
static bool take_later(rp_loop *loop, rp_range *range)
{
    while (loop->in_rounds && next_round(loop, &loop->late)) {
        if (loop->aside ? take_aside(loop, range) : take_slice(loop, range))
            return true;
    }
    return false;
}

bool rpi_loop_next_aside(rp_loop *loop, rp_range *range)
{
    return take_aside(loop, range) || take_later(loop, range);
}

bool rpi_loop_next_later(rp_loop *loop, rp_range *range)
{
    loop->ended = true;
    return take_later(loop, range);
}

bool rp_loop_next(rp_loop *loop, rp_range *range)
{
    return loop_next(loop, range);
}

/* A rank that leaves early is awaited where the others end their round. */
static void close_rounds(rp_loop *loop, struct ballot *ballot)
{
    if (loop->in_rounds)
        next_round(loop, &ballot->error);
    if (ballot->error.status == RP_OK || loop->over.status != RP_OK)
        ballot->error = loop->over;
    rpi_survival_enter(loop->pool);
}

rp_status rp_loop_close(rp_loop **loop, rp_status mine)
{
    if (loop == NULL || *loop == NULL || !(*loop)->open)
        return RP_ERR_ARGUMENT;
    rp_loop *closing = *loop;
    rp_pool *pool = closing->pool;
    *loop = NULL;
    struct ballot ballot = rpi_ballot(CALL_LOOP_CLOSE);
    if (mine != RP_OK)
        rpi_error_set(&ballot.error, mine, "rank %d gave up: %s", pool->world.rank,
                      rp_strerror(mine));
    else if (!closing->ended)
        rpi_error_set(&ballot.error, RP_ERR_STATE, "rank %d left a loop before its end, with RP_OK",
                      pool->world.rank);
    if (ballot.error.status == RP_OK || closing->late.status != RP_OK)
        ballot.error = closing->late;
    if (ballot.error.status != RP_OK)
        rpi_board_stop(pool->board);
    if (pool->in_rounds)
        close_rounds(closing, &ballot);
    else
        rpi_loop_end(pool, &ballot);
    rp_status status = rpi_loop_meet(pool, &ballot);
    rpi_loop_keeping_end(closing, status);
    return status;
}
