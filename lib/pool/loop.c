/* The pull loop: the engine opened up for the caller's own code. */
#include "base/error.h"
#include "pool/job.h"

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
    if (ballot.error.status == RP_OK && !pool->loop.open)
        rpi_job_prepare(pool, &(struct job){rpi_units_cut(n), choice, options->call_seconds});
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status != RP_OK)
        return status;
    pool->loop.pool = pool;
    pool->loop.ended = false;
    pool->loop.open = true;
    *loop = &pool->loop;
    return RP_OK;
}

bool rp_loop_next(rp_loop *loop, rp_range *range)
{
    struct span slice;
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
    rp_status status = rpi_pool_meet(pool, &ballot);
    closing->open = false;
    return status;
}
