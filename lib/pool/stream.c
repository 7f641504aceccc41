/* The stream: items come and results go while others are computed.
 *
 * It takes one round. Where ranks of several nodes survive others, and the courier of a node dies,
 * the other ranks of that node come to the meeting that ends the round; the root waits until
 * nothing is on any node any more, and comes, too; and in the next round, with all that live and
 * other couriers, it goes on from where it was. */
#include "pool/stream_root.h"

#include "base/error.h"
#include "pool/job.h"
#include "pool/rounds.h"
#include "pool/sight.h"
#include "pool/survival.h"
#include "world/mpi_error.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t default_window_items = 65536, default_window_bytes = (int64_t)16 << 20;

static rp_status check_window(const char *name, int64_t window, rp_error *error)
{
    if (window >= 0)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "%s is %" PRId64 ": give 1 or more, or 0 for the default", name, window);
}

static rp_status check_options(const rp_options *options, rp_error *error)
{
    struct choice choice;
    if (rpi_job_check(0, options, &choice, error) != RP_OK)
        return error->status;
    if (options->schedule != RP_ADAPTIVE && options->schedule != RP_DYNAMIC)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.schedule: a stream knows adaptive and dynamic only");
    if (options->item_status != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.item_status: a stream tells the consumer of failed items");
    return RP_OK;
}

static rp_status check(const rp_pool *pool, const rp_stream_job *job, rp_error *error)
{
    if (job == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (job->work == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the stream has no task: set work");
    if (job->produce == NULL && pool->world.rank == pool->world.root)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the stream has no producer: set produce");
    if (check_options(&job->options, error) != RP_OK ||
        check_window("window_items", job->window_items, error) != RP_OK)
        return error->status;
    return check_window("window_bytes", job->window_bytes, error);
}

static void set_terms(struct ballot *ballot, const rp_stream_job *job)
{
    ballot->terms[0] = job->unordered;
    ballot->terms[1] = job->root_only_serves;
    ballot->terms[2] = job->window_items;
    ballot->terms[3] = job->window_bytes;
    ballot->terms[4] = job->options.schedule;
    ballot->terms[5] = job->options.slice;
    ballot->terms[6] = job->options.on_failure;
    ballot->terms[7] = (int64_t)job->options.seed;
    rpi_trial_terms(ballot, 8, &job->options);
}

/* ---- what a stream needs --------------------------------------------------------------------- */

/* A rank's part in a stream. */
struct part {
    const rp_stream_job *job;
    struct stream_keeping keeping;
    struct stream stream; /* on the root */
    /* In this round: */
    struct station *station;
    struct stream_worker worker;
    struct courier *courier; /* if this rank has it */
};

/* Which rank of this node is the supplier: the root, or the first; where couriers are elected,
 * whoever that is. */
static uint32_t supplier_lane(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    uint32_t lane = 0;
    if (pool->in_rounds)
        return (uint32_t)rpi_meeting_led_by(&world->meeting);
    for (int rank = 0; rank < world->root && world->node == world->root_node; rank++)
        lane += world->node_of[rank] == world->node;
    return lane;
}

static rp_status provide_memory(rp_pool *pool, size_t bytes, rp_error *error)
{
    if (pool->in_rounds)
        return rpi_node_memory_fill(&pool->station, bytes, error);
    if (pool->station.base != NULL)
        return RP_OK;
    if (pool->survives)
        return rpi_survival_memory(pool, bytes, &pool->station, error);
    return rpi_node_memory_make(pool->world.node_comm, bytes, &pool->station, error);
}

/* Makes the station and the board empty. By its supplier; where any rank may come to be that, by
 * all alike. */
static void empty_station(rp_pool *pool)
{
    uint32_t lanes = (uint32_t)pool->world.node_ranks;
    if (!pool->in_rounds && (uint32_t)pool->world.node_rank != supplier_lane(pool))
        return;
    rpi_station_reset(pool->station.base, lanes);
    rpi_board_prepare(pool->board, (struct span){0, 0}, (struct span){0, 0}, true);
}

/* All ranks of the node have come so far. */
static rp_status gather_node(rp_pool *pool, rp_error *error)
{
    if (pool->in_rounds)
        return RP_OK; /* each finds what it has stored itself */
    if (pool->survives)
        return rpi_survival_agree(pool);
    return rpi_mpi_check(MPI_Barrier(pool->world.node_comm), "MPI_Barrier", error);
}

/* Provides an empty station, in which every rank of the node says how to reach it. Collective among
 * the ranks of the node. */
static rp_status provide_station(rp_pool *pool, rp_error *error)
{
    const struct world *world = &pool->world;
    if (provide_memory(pool, rpi_station_bytes((uint32_t)world->node_ranks), error) != RP_OK)
        return error->status;
    empty_station(pool);
    if (gather_node(pool, error) != RP_OK)
        return error->status;
    rpi_station_lane(pool->station.base, (uint32_t)world->node_rank)->self = rpi_peer_self();
    return RP_OK;
}

/* Can this rank reach whom it must: the supplier everybody, the others the supplier? Where ranks
 * survive that was so when the pool was opened, and some may have died since. */
static void try_reach(const rp_pool *pool, const struct part *part)
{
    const struct stream_worker *worker = &part->worker;
    bool reached = true;
    for (uint32_t lane = 0; lane < part->station->lanes && !pool->survives; lane++) {
        bool needed = worker->lane == worker->supplier || lane == worker->supplier;
        if (needed && lane != worker->lane)
            reached = reached && rpi_peer_reachable(&rpi_station_lane(part->station, lane)->self);
    }
    if (!reached)
        atomic_store_explicit(&part->station->unreachable, 1, memory_order_relaxed);
}

/* Does the root only serve? If there are others. */
static bool serves(const rp_pool *pool, const rp_stream_job *job)
{
    return job->root_only_serves && pool->world.ranks > 1;
}

/* Where ranks survive, it turns out which of the other nodes can be served. */
static void place_outlets(struct stream *stream)
{
    const struct world *world = &stream->pool->world;
    for (int node = 0; node < world->nodes; node++) {
        uint32_t ranks = (uint32_t)(world->node_first[node + 1] - world->node_first[node]);
        uint32_t most = rpi_station_slots(ranks) - 1; /* a large item may come in addition */
        ranks -= stream->worker == NULL && node == world->node;
        if (stream->outposts != NULL && node != world->node)
            ranks = 0;
        stream->outlets[node] = (struct outlet){.ranks = ranks,
                                                .depth = 2 * ranks < most ? 2 * ranks : most,
                                                .most = most};
    }
}

/* What the root has in all rounds of a stream. */
static rp_status make_stream(rp_pool *pool, struct part *part, rp_error *error)
{
    const rp_stream_job *job = part->job;
    struct stream *stream = &part->stream;
    size_t nodes = (size_t)pool->world.nodes;
    *stream = (struct stream){
        .pool = pool,
        .job = job,
        .keeping = &part->keeping,
        .pace = rpi_pace_start(job->options.call_seconds, 1),
        .window_items = job->window_items > 0 ? job->window_items : default_window_items,
        .window_bytes = job->window_bytes > 0 ? job->window_bytes : default_window_bytes,
        .outlets = calloc(nodes, sizeof *stream->outlets),
    };
    rpi_error_clear(&stream->failure);
    if (pool->in_rounds)
        stream->outposts = calloc(nodes, sizeof *stream->outposts);
    if (stream->outlets == NULL || (pool->in_rounds && stream->outposts == NULL))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    return RP_OK;
}

/* What it has in this one. */
static rp_status furnish_stream(rp_pool *pool, struct part *part, rp_error *error)
{
    struct stream *stream = &part->stream;
    if (stream->pool == NULL && make_stream(pool, part, error) != RP_OK)
        return error->status;
    if (!rpi_supplier_make(&stream->supplier, part->station, part->worker.lane))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    stream->courier = part->courier;
    stream->worker = serves(pool, part->job) ? NULL : &part->worker;
    stream->next_look = 0;
    stream->deserted = stream->regroups = stream->goes_on = false;
    if (pool->world.meeting.living != NULL) {
        stream->stand_in = &part->worker;
        rpi_supplier_attend(&stream->supplier, pool->board, rpi_survival_attend, pool);
    }
    place_outlets(stream);
    return RP_OK;
}

static rp_status furnish(rp_pool *pool, struct part *part, rp_error *error)
{
    const struct world *world = &pool->world;
    const rp_stream_job *job = part->job;
    struct stream_worker *worker = &part->worker;
    int64_t window = job->window_bytes > 0 ? job->window_bytes : default_window_bytes;
    part->station = pool->station.base;
    *worker = (struct stream_worker){
        .board = pool->board,
        .station = part->station,
        .lane = (uint32_t)world->node_rank,
        .supplier = supplier_lane(pool),
        .job = job,
        .spin = world->crowding <= 1,
        .pool = pool,
        .look = world->meeting.living != NULL ? rpi_survival_attend : NULL,
        .task = {.user = job->options.user, .seed = job->options.seed, .pool = pool},
        .careful = rpi_trial_needed(&job->options),
        .trials = {.pool = pool, .options = &job->options, .task = &worker->task},
        .most_kept = (size_t)(window / world->node_ranks),
    };
    rpi_error_clear(&worker->failure);
    try_reach(pool, part);
    if (!rpi_stream_worker_make(worker))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    if (rpi_courier_make(pool, part->station, &part->courier, error) != RP_OK ||
        world->rank != world->root)
        return error->status;
    return furnish_stream(pool, part, error);
}

/* Prepares a round. Collective, the same status everywhere. */
static rp_status prepare(rp_pool *pool, struct part *part)
{
    provide_station(pool, &pool->last);
    if (rpi_survival_agree(pool) != RP_OK)
        return pool->last.status;
    furnish(pool, part, &pool->last);
    return rpi_survival_agree(pool);
}

/* Of a round. */
static void release(struct part *part)
{
    rpi_supplier_drop(&part->stream.supplier);
    rpi_courier_drop(part->courier);
    rpi_stream_worker_drop(&part->worker);
    part->courier = NULL;
    part->worker = (struct stream_worker){.station = NULL};
}

/* ---- the stream ------------------------------------------------------------------------------ */

static double attend(void *courier)
{
    return rpi_courier_attend(courier);
}

/* Those that failed are told when all is over. */
static const rp_error *failure_of(const struct part *part)
{
    const struct stream *stream = &part->stream;
    if (part->worker.failure.status != RP_OK)
        return &part->worker.failure;
    if (stream->failure.status != RP_OK)
        return &stream->failure;
    return stream->failures.count > 0 && !stream->goes_on ? &stream->failures.lowest : NULL;
}

/* This rank's part; what went wrong with it goes into the ballot. */
static void run(rp_pool *pool, struct part *part, struct ballot *ballot)
{
    const struct stream *stream = &part->stream;
    bool root = pool->world.rank == pool->world.root;
    rpi_courier_begin(part->courier);
    if (root)
        rpi_stream_serve(&part->stream);
    else
        rpi_stream_work_off(&part->worker, part->courier != NULL ? attend : NULL, part->courier);
    const rp_error *failure = failure_of(part);
    if (failure != NULL)
        ballot->error = *failure;
    rpi_courier_end(part->courier, ballot);
    /* On its node the root knows whether all was consumed before the interruption. */
    if (root ? !stream->complete : pool->world.node != pool->world.root_node)
        rpi_interruption_tell(pool->board, ballot);
    if (root && pool->in_rounds)
        rpi_rounds_tell(pool, stream->goes_on);
}

/* For as long as tasks may run no other call is allowed. */
static void begin(rp_pool *pool, struct part *part)
{
    struct rp_task *task = &part->worker.task;
    pool->loop.open = true;
    pool->loop.agent_at = rpi_meeting_led_by(&pool->world.meeting);
    part->courier = rpi_courier_elect(part->courier);
    part->worker.supplier = supplier_lane(pool);
    part->worker.cautious = pool->in_rounds && part->courier != NULL;
    rpi_interruption_begin(pool->board);
    pool->worker = pthread_self();
    pool->task = task;
    if (part->courier != NULL) {
        task->attend = attend;
        task->attend_closure = part->courier;
    }
    rpi_doing_begin_stream(pool->doing);
    rpi_sight_stream(pool, part->job, part->stream.window_items);
    rpi_watch_limit(&pool->watch, part->job->options.item_seconds);
}

static void end(rp_pool *pool)
{
    rpi_sight_stream_end(pool);
    rpi_watch_limit(&pool->watch, 0);
    pool->task = NULL;
    rpi_doing_end_job(pool->doing);
}

/* One round; it is the whole stream, where no courier dies. Is there to be another? Collective, the
 * same answer everywhere. */
static bool do_round(rp_pool *pool, struct part *part)
{
    struct ballot outcome = rpi_ballot(CALL_LOOP_CLOSE);
    begin(pool, part);
    run(pool, part, &outcome);
    end(pool);
    rp_status status = rpi_pool_meet(pool, &outcome);
    pool->loop.open = false;
    return pool->in_rounds && status == RP_OK && rpi_rounds_told(pool);
}

static void do_rounds(rp_pool *pool, struct part *part)
{
    bool again;
    do {
        again = prepare(pool, part) == RP_OK && do_round(pool, part);
        release(part);
    } while (again);
}

static rp_status stream(rp_pool *pool, const rp_stream_job *job)
{
    static const rp_stream_job no_job;
    struct part part = {.job = job};
    struct ballot ballot = rpi_ballot(CALL_STREAM);
    if (check(pool, job, &ballot.error) == RP_OK)
        rpi_stream_keeping_check(pool, job, &ballot.error);
    set_terms(&ballot, job != NULL ? job : &no_job);
    rpi_watch_provide(pool, job != NULL ? &job->options : &no_job.options, &ballot.error);
    if (rpi_pool_meet(pool, &ballot) != RP_OK)
        return pool->last.status;
    rpi_stream_keeping_begin(&part.keeping, pool, job);
    do_rounds(pool, &part);
    rpi_stream_drop(&part.stream);
    rpi_stream_keeping_end(&part.keeping, pool->last.status);
    return pool->last.status;
}

rp_status rp_stream(rp_pool *pool, const rp_stream_job *job)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_survival_enter(pool);
    rp_status status = stream(pool, job);
    rpi_survival_leave(pool);
    return status;
}
