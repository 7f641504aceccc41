/* The pull loop: the engine opened up for the caller's own code. */
#include "pool/loop.h"
#include "base/error.h"

static double attend(void *closure)
{
    return rpi_agent_attend(closure);
}

void rpi_loop_begin(rp_pool *pool, struct agent *agent)
{
    rp_loop *loop = &pool->loop;
    loop->pool = pool;
    loop->ended = false;
    loop->open = true;
    loop->agent = agent;
    rpi_agent_begin(agent);
    loop->attends = agent != NULL && !agent->threaded;
    if (loop->attends)
        rpi_claim_attend(&loop->claimer, attend, agent);
}

void rpi_loop_end(rp_pool *pool, struct ballot *ballot)
{
    rp_loop *loop = &pool->loop;
    rpi_agent_end(loop->agent, ballot);
    loop->agent = NULL;
    loop->attends = false;
}

/* Prepares this rank for the job, before the ranks meet to open it. */
static void prepare(rp_pool *pool, int64_t n, const rp_options *options,
                    const struct choice *choice, struct agent **agent, rp_error *error)
{
    static const struct staging nothing = {.most = UINT32_MAX};
    struct job job = rpi_job(pool, rpi_units_cut(n), *choice, options->call_seconds, false);
    rpi_job_prepare(pool, &job);
    if (job.dispatched)
        rpi_agent_make(pool,
                       &(struct agent_job){.status_array = -1, .staging = &nothing, .job = &job},
                       agent, error);
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
        rpi_job_check(n, options, &choice, &ballot.error);
    rpi_job_terms(&ballot, n, &choice);
    struct agent *agent = NULL;
    if (ballot.error.status == RP_OK && !pool->loop.open)
        prepare(pool, n, options, &choice, &agent, &ballot.error);
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status != RP_OK) {
        rpi_agent_drop(agent);
        return status;
    }
    rpi_loop_begin(pool, agent);
    *loop = &pool->loop;
    return RP_OK;
}

bool rp_loop_next(rp_loop *loop, rp_range *range)
{
    struct span slice;
    if (loop->attends)
        rpi_agent_attend(loop->agent);
    if (!rpi_claim_next(&loop->claimer, &slice)) {
        loop->ended = true;
        return false;
    }
    *range = units_to_items(&loop->units, slice);
    return true;
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
    if (ballot.error.status != RP_OK)
        rpi_board_stop(pool->board);
    rpi_loop_end(pool, &ballot);
    rp_status status = rpi_pool_meet(pool, &ballot);
    closing->open = false;
    return status;
}
