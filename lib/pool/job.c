#include "pool/job.h"

#include "base/error.h"
#include "pool/survival.h"
#include "pool/trial.h"
#include "pool/writer.h"
#include "schedule/dispatch.h"

#include <inttypes.h>
#include <math.h>

rp_status rpi_job_check(int64_t n, const rp_options *options, struct choice *choice,
                        rp_error *error)
{
    size_t reserved = sizeof options->reserved / sizeof options->reserved[0];
    if (n < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "n is %" PRId64 ": give 0 or more", n);
    if (!rpi_reserved_zero(options->reserved, reserved))
        return rpi_error_set(error, RP_ERR_VERSION, "options.reserved is not zero");
    if (!isfinite(options->call_seconds) || options->call_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.call_seconds is %g: give 0 or more seconds",
                             options->call_seconds);
    if (rpi_trial_check(options, error) != RP_OK)
        return error->status;
    return rpi_choice_make(options, choice, error);
}

void rpi_job_terms(struct ballot *ballot, int64_t n, const struct choice *choice)
{
    ballot->terms[0] = n;
    ballot->terms[1] = choice->schedule;
    ballot->terms[2] = choice->slice;
}

struct job rpi_job(const rp_pool *pool, struct units units, struct choice choice,
                   double call_seconds, bool staged)
{
    const struct world *world = &pool->world;
    bool tells = pool->in_rounds && world->node != world->root_node;
    const struct estate_terms deaths = {
        .limit = DEATHS_IN_A_ROW, .kept = true, .stops = true, .tells = tells};
    struct job job = {units, choice, call_seconds, 0, world->nodes > 1 || staged, deaths};
    if (!staged && pool->rounds.number == 0)
        job.begun =
            rpi_dispatch_beginning(units.count, world->ranks, world->nodes, choice.schedule);
    return job;
}

/* The part of the units at the beginning that falls to this node and to this rank, by their
 * number of ranks. */
static struct span share_of(const struct world *world, uint32_t units, int first, int last)
{
    return (struct span){(uint32_t)rp_block(units, world->ranks, first).begin,
                         (uint32_t)rp_block(units, world->ranks, last).end};
}

/* By the writer of the node; where any rank may come to be it, by all alike. */
static void prepare_board(rp_pool *pool, const struct job *job, const struct claim_job *claims)
{
    /* In rounds there may be more: what nodes would begin with whose ranks have all died. */
    bool closed = job->begun == job->units.count && !pool->in_rounds;
    rpi_board_prepare(pool->board, claims->node, rpi_claim_reservoir(claims), closed);
    rpi_estate_prepare(rpi_board_estate(pool->board), claims->node, job->deaths);
    pool->board->job = claims->number;
}

/* On the root: does a rank of another node live? */
static bool others_live(const struct world *world)
{
    bool live = false;
    for (int node = 0; node < world->nodes && !live; node++)
        live = node != world->node && rpi_star_lives(&world->star, node);
    return live;
}

void rpi_job_prepare(rp_pool *pool, const struct job *job)
{
    const struct world *world = &pool->world;
    int first = world->node_first[world->node], mine = first + world->node_rank;
    struct claim_job claims = {
        .units = job->units,
        .choice = job->choice,
        .call_seconds = job->call_seconds,
        .node = share_of(world, job->begun, first, first + world->node_ranks - 1),
        .share = share_of(world, job->begun, mine, mine),
        .number = (uint32_t)job_number(pool),
        .cautious = world->rank == world->root,
        .forgoes = pool->in_rounds && world->rank == world->root && others_live(world),
    };
    if (rpi_may_write(pool))
        prepare_board(pool, job, &claims);
    pool->loop.units = job->units;
    pool->loop.dispatched = job->dispatched;
    rpi_claim_begin(&pool->loop.claimer, pool->board, (uint32_t)world->node_rank, world->crowding,
                    &claims);
    if (world->meeting.living != NULL)
        rpi_claim_attend(&pool->loop.claimer, rpi_survival_attend, pool);
}
