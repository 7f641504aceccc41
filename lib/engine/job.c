#include "engine/job.h"

#include "base/error.h"
#include "engine/attempt.h"
#include "resilience/survival.h"
#include "sched/batch_policy.h"

#include <inttypes.h>
#include <math.h>

rp_status rpi_job_check(int64_t n, const rp_options *options, struct schedule_choice *choice,
                        rp_error *error)
{
    size_t reserved = sizeof options->reserved / sizeof options->reserved[0];
    if (n < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "n is %" PRId64 ": give 0 or more", n);
    if (!rpi_reserved_zero(options->reserved, reserved))
        return rpi_error_set(error, RP_ERR_VERSION, "options.reserved is not zero");
    if (!isfinite(options->call_overhead) || options->call_overhead < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.call_overhead is %g: give 0 or more seconds",
                             options->call_overhead);
    if (!isfinite(options->expected_seconds) || options->expected_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.expected_seconds is %g: give seconds, or 0 if unknown",
                             options->expected_seconds);
    if (rpi_attempt_check(options, error) != RP_OK)
        return error->status;
    return rpi_schedule_choice_make(options, choice, error);
}

/* Does this rank have the memory that the array's address is in? */
static bool array_is_here(const rp_pool *pool, const struct array *array)
{
    return array->base != NULL &&
           (array->place != RP_ON_ROOT || pool->world.rank == pool->world.root);
}

/* Results may replace the inputs exactly, but not overlap them otherwise. */
static rp_status job_check_overlap(const rp_pool *pool, int64_t n, const struct array *input,
                                   const struct array *results, rp_error *error)
{
    if (!array_is_here(pool, input) || !array_is_here(pool, results) || n == 0)
        return RP_OK;
    const char *in = input->base, *out = results->base;
    bool overlap = in < out + (size_t)n * results->size && out < in + (size_t)n * input->size;
    bool in_place = in == out && input->size == results->size;
    if (overlap && !in_place)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "in and out overlap; they may only be the same");
    return RP_OK;
}

rp_status rpi_job_check_arrays(const rp_pool *pool, int64_t n, const struct array *input,
                               const struct array *results, rp_error *error)
{
    if (rpi_array_check(pool, input, n, error) != RP_OK ||
        rpi_array_check(pool, results, n, error) != RP_OK)
        return error->status;
    return job_check_overlap(pool, n, input, results, error);
}

void rpi_job_terms(struct vote *vote, int64_t n, const struct schedule_choice *choice)
{
    vote->terms[JOB_N] = n;
    vote->terms[JOB_SCHEDULE] = choice->schedule;
    vote->terms[JOB_CHUNK] = choice->chunk;
}

/* On the root: is any other node alive? */
static bool job_other_nodes_live(const struct world *world)
{
    bool live = false;
    for (int node = 0; node < world->nodes && !live; node++)
        live = node != world->node && rpi_hub_lives(&world->hub, node);
    return live;
}

struct job rpi_job(const rp_pool *pool, struct units units, struct schedule_choice choice,
                   const rp_options *options, bool staged)
{
    const struct world *world = &pool->world;
    const struct orphaned_work_terms deaths = {.limit = DEATHS_IN_A_ROW,
                                               .saved = true,
                                               .stops = true,
                                               .reports = pool->survival->reports,
                                               .defers = world->rank == world->root &&
                                                         job_other_nodes_live(world)};
    const struct chunk_costs costs = {options->call_overhead,
                                      options->expected_seconds * (double)units.unit_items};
    struct job job = {units, choice, costs, 0, job_dispatched(pool, staged), deaths};
    if (!job.dispatched)
        job.begun = units.count;
    else if (!staged && pool->survival->rounds.number == 0)
        job.begun =
            rpi_batch_policy_initial(units.count, world->ranks, world->nodes, choice.schedule);
    return job;
}

/* The share of ranks first ... last in the initial units. Shares are proportional to the number of
 * ranks. */
static struct unit_range job_share(const struct world *world, uint32_t units, int first, int last)
{
    return (struct unit_range){(uint32_t)rp_block(units, world->ranks, first).begin,
                               (uint32_t)rp_block(units, world->ranks, last).end};
}

/* Called by the node's writer. Where any rank may become the writer, all ranks call it and store
 * the same values. */
static void job_prepare_work_queue(rp_pool *pool, const struct job *job,
                                   const struct claim_job *claims)
{
    /* A dispatched job is closed by the dispatcher: more units may arrive. */
    rpi_work_queue_prepare(pool->work_queue, claims->node, rpi_claim_batch_queue(claims),
                           !job->dispatched);
    rpi_orphaned_work_prepare(rpi_work_queue_orphaned_work(pool->work_queue), claims->node,
                              job->deaths);
    pool->work_queue->job = claims->number;
}

void rpi_job_prepare(rp_pool *pool, const struct job *job)
{
    const struct world *world = &pool->world;
    int first = world->node_first[world->node], mine = first + world->node_rank;
    struct claim_job claims = {
        .units = job->units,
        .choice = job->choice,
        .costs = job->costs,
        .node = job_share(world, job->begun, first, first + world->node_ranks - 1),
        .share = job_share(world, job->begun, mine, mine),
        .number = (uint32_t)job_number(pool),
        .random = pool->check && job->choice.schedule != RP_SCHEDULE_STATIC,
        .cautious = world->rank == world->root,
    };
    if (may_lead_node(pool))
        job_prepare_work_queue(pool, job, &claims);
    pool->loop.units = job->units;
    pool->loop.dispatched = job->dispatched;
    rpi_claim_begin(&pool->loop.claimer, pool->work_queue, (uint32_t)world->node_rank,
                    world->crowding, &claims);
    rpi_claim_attend(&pool->loop.claimer, rpi_survival_attend, pool);
}
