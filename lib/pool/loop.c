/* The pull loop: the engine opened up for the caller's own code. */
#include "base/error.h"
#include "pool/pool.h"

#include <inttypes.h>
#include <math.h>

static rp_status check(int64_t n, const rp_options *options, rp_loop **loop, rp_error *error)
{
    if (loop == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no place to store the loop in");
    if (n < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "n is %" PRId64 ": give 0 or more", n);
    if (!rpi_reserved_zero(options->reserved,
                           sizeof options->reserved / sizeof options->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "options.reserved is not zero");
    if (!isfinite(options->call_seconds) || options->call_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.call_seconds is %g: give 0 or more seconds",
                             options->call_seconds);
    return RP_OK;
}

/* The part of a job's units that falls to this node and to this rank, by their number of ranks. */
static struct span share_of(const struct world *world, uint32_t units, int first, int last)
{
    return (struct span){(uint32_t)rp_block(units, world->ranks, first).begin,
                         (uint32_t)rp_block(units, world->ranks, last).end};
}

static struct claim_job job_of(const struct world *world, int64_t n, const struct choice *choice,
                               const rp_options *options)
{
    struct units units = rpi_units_cut(n);
    int first = world->ranks_before, mine = first + world->node_rank;
    return (struct claim_job){
        .units = units,
        .choice = *choice,
        .call_seconds = options->call_seconds,
        .node = share_of(world, units.count, first, first + world->node_ranks - 1),
        .share = share_of(world, units.count, mine, mine),
    };
}

/* Before the meeting: the last job is over for everyone, since all have met to close it, and nobody
 * looks at the board before all have met to open this one. */
static void prepare(rp_pool *pool, const struct claim_job *job)
{
    const struct world *world = &pool->world;
    if (world->node_rank == 0)
        rpi_board_prepare(pool->board, job->node, rpi_claim_reservoir(job));
    pool->loop.units = job->units;
    rpi_claim_begin(&pool->loop.claimer, pool->board, (uint32_t)world->node_rank, world->crowding,
                    job);
}

rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop)
{
    static const rp_options defaults = {.name = NULL};
    if (loop != NULL)
        *loop = NULL;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    if (options == NULL)
        options = &defaults;
    struct choice choice = {RP_ADAPTIVE, 0};
    struct ballot ballot = rpi_ballot(CALL_LOOP_OPEN);
    if (check(n, options, loop, &ballot.error) == RP_OK)
        rpi_choice_make(options, &choice, &ballot.error);
    ballot.terms[0] = n;
    ballot.terms[1] = choice.schedule;
    ballot.terms[2] = choice.slice;
    if (ballot.error.status == RP_OK && !pool->loop.open) {
        struct claim_job job = job_of(&pool->world, n, &choice, options);
        prepare(pool, &job);
    }
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
