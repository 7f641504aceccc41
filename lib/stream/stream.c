/* The stream: items come and results go while others are computed.
 *
 * It takes one round. Where ranks of several nodes survive others, and the stream link of a node dies,
 * the other ranks of that node come to the agreement that ends the round; the root waits until
 * nothing is on any node any more, and comes, too; and in the next round, with all that live and
 * other stream links, it goes on from where it was. */
#include "stream/root.h"

#include "base/error.h"
#include "comm/mpi_error.h"
#include "engine/job.h"
#include "observe/hooks.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t default_window_items = 65536, default_window_bytes = (int64_t)16 << 20;

static rp_status stream_window_check(const char *name, int64_t window, rp_error *error)
{
    if (window >= 0)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "%s is %" PRId64 ": give 1 or more, or 0 for the default", name, window);
}

static rp_status stream_options_check(const rp_options *options, rp_error *error)
{
    struct schedule_choice choice;
    if (rpi_job_check(0, options, &choice, error) != RP_OK)
        return error->status;
    if (options->schedule != RP_SCHEDULE_ADAPTIVE && options->schedule != RP_SCHEDULE_DYNAMIC)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.schedule: a stream knows adaptive and dynamic only");
    if (options->item_status != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.item_status: a stream tells the consumer of failed items");
    return RP_OK;
}

static rp_status stream_job_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error)
{
    if (job == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (job->work == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the stream has no task: set work");
    if (job->produce == NULL && pool->world.rank == pool->world.root)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the stream has no producer: set produce");
    if (stream_options_check(&job->options, error) != RP_OK ||
        stream_window_check("window_items", job->window_items, error) != RP_OK)
        return error->status;
    return stream_window_check("window_bytes", job->window_bytes, error);
}

static void stream_vote_terms(struct vote *vote, const rp_stream_job *job)
{
    vote->terms[0] = job->unordered;
    vote->terms[1] = job->dedicated_root;
    vote->terms[2] = job->window_items;
    vote->terms[3] = job->window_bytes;
    vote->terms[4] = job->options.schedule;
    vote->terms[5] = job->options.chunk;
    vote->terms[6] = job->options.on_failure;
    vote->terms[7] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, 8, &job->options);
}

/* ---- what a stream needs --------------------------------------------------------------------- */

/* A rank's part in a stream. */
struct stream_part {
    const rp_stream_job *job;
    struct stream_saving saving;
    struct stream stream; /* on the root */
    /* In this round: */
    struct slot_queue *slot_queue;
    struct stream_worker worker;
    struct stream_link *stream_link; /* if this rank has it */
};

/* Which rank of this node is the feeder: the root, or the first; where stream links are elected,
 * whoever that is. */
static uint32_t feeder_lane(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    uint32_t lane = 0;
    if (pool->in_rounds)
        return (uint32_t)rpi_agreement_leader(&world->agreement);
    for (int rank = 0; rank < world->root && world->node == world->root_node; rank++)
        lane += world->node_of[rank] == world->node;
    return lane;
}

static rp_status slot_queue_allocate(rp_pool *pool, size_t bytes, rp_error *error)
{
    if (pool->slot_queue.base != NULL)
        return RP_OK;
    if (pool->survives)
        return rpi_survival_memory(pool, &pool->slot_queue_files, bytes, &pool->slot_queue, error);
    return rpi_node_memory_make(pool->world.node_comm, bytes, &pool->slot_queue, error);
}

/* Makes the slot queue and the work queue empty. By its feeder; where any rank may come to be that, by
 * all alike. */
static void slot_queue_clear(rp_pool *pool)
{
    uint32_t lanes = (uint32_t)pool->world.node_ranks;
    if (!pool->in_rounds && (uint32_t)pool->world.node_rank != feeder_lane(pool))
        return;
    rpi_slot_queue_reset(pool->slot_queue.base, lanes);
    rpi_work_queue_prepare(pool->work_queue, (struct unit_range){0, 0}, (struct unit_range){0, 0},
                           true);
}

/* All ranks of the node have come so far. */
static rp_status stream_node_barrier(rp_pool *pool, rp_error *error)
{
    if (pool->in_rounds)
        return RP_OK; /* each finds what it has stored itself */
    if (pool->survives)
        return rpi_survival_agree(pool);
    return rpi_mpi_check(MPI_Barrier(pool->world.node_comm), "MPI_Barrier", error);
}

/* Provides an empty slot queue, in which every rank of the node says how to reach it. Collective among
 * the ranks of the node. */
static rp_status slot_queue_prepare(rp_pool *pool, rp_error *error)
{
    const struct world *world = &pool->world;
    if (slot_queue_allocate(pool, rpi_slot_queue_bytes((uint32_t)world->node_ranks), error) !=
        RP_OK)
        return error->status;
    slot_queue_clear(pool);
    if (stream_node_barrier(pool, error) != RP_OK)
        return error->status;
    rpi_slot_queue_lane(pool->slot_queue.base, (uint32_t)world->node_rank)->self = rpi_peer_self();
    return RP_OK;
}

/* Can this rank reach whom it must: the feeder everybody, the others the feeder? Where ranks
 * survive that was so when the pool was opened, and some may have died since. */
static void check_peer_access(const rp_pool *pool, const struct stream_part *part)
{
    const struct stream_worker *worker = &part->worker;
    bool reached = true;
    for (uint32_t lane = 0; lane < part->slot_queue->lanes && !pool->survives; lane++) {
        bool needed = worker->lane == worker->feeder || lane == worker->feeder;
        if (needed && lane != worker->lane)
            reached =
                reached && rpi_peer_reachable(&rpi_slot_queue_lane(part->slot_queue, lane)->self);
    }
    if (!reached)
        atomic_store_explicit(&part->slot_queue->unreachable, 1, memory_order_relaxed);
}

/* Does the root only serve? If there are others. Where the pool checks, it does: what only the root
 * can compute then shows. */
static bool root_only_serves(const rp_pool *pool, const rp_stream_job *job)
{
    return (job->dedicated_root || pool->check) && pool->world.ranks > 1;
}

/* Where ranks survive, it turns out which of the other nodes can be served. */
static void destinations_init(struct stream *stream)
{
    const struct world *world = &stream->pool->world;
    for (int node = 0; node < world->nodes; node++) {
        uint32_t ranks = (uint32_t)(world->node_first[node + 1] - world->node_first[node]);
        uint32_t most = rpi_slot_queue_slots(ranks) - 1; /* a large item may come in addition */
        ranks -= stream->worker == NULL && node == world->node;
        if (stream->remote_nodes != NULL && node != world->node)
            ranks = 0;
        stream->destinations[node] = (struct destination){
            .ranks = ranks, .depth = 2 * ranks < most ? 2 * ranks : most, .most = most};
    }
}

/* What the root has in all rounds of a stream. */
static rp_status stream_root_init(rp_pool *pool, struct stream_part *part, rp_error *error)
{
    const rp_stream_job *job = part->job;
    struct stream *stream = &part->stream;
    size_t nodes = (size_t)pool->world.nodes;
    *stream = (struct stream){
        .pool = pool,
        .job = job,
        .saving = &part->saving,
        .pace = rpi_chunk_policy_start(job->options.call_overhead, 1),
        .window_items = job->window_items > 0 ? job->window_items : default_window_items,
        .window_bytes = job->window_bytes > 0 ? job->window_bytes : default_window_bytes,
        .destinations = calloc(nodes, sizeof *stream->destinations),
    };
    rpi_error_clear(&stream->failure);
    if (pool->in_rounds)
        stream->remote_nodes = calloc(nodes, sizeof *stream->remote_nodes);
    if (stream->destinations == NULL || (pool->in_rounds && stream->remote_nodes == NULL))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    return RP_OK;
}

/* What it has in this one. */
static rp_status stream_root_prepare(rp_pool *pool, struct stream_part *part, rp_error *error)
{
    struct stream *stream = &part->stream;
    if (stream->pool == NULL && stream_root_init(pool, part, error) != RP_OK)
        return error->status;
    if (!rpi_feeder_make(&stream->feeder, part->slot_queue, part->worker.lane))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    stream->stream_link = part->stream_link;
    stream->worker = root_only_serves(pool, part->job) ? NULL : &part->worker;
    stream->next_look = 0;
    stream->root_alone = stream->round_ending = stream->another_round = false;
    if (pool->world.agreement.liveness != NULL) {
        stream->fallback_worker = &part->worker;
        rpi_feeder_attend(&stream->feeder, pool->work_queue, rpi_survival_attend, pool);
    }
    destinations_init(stream);
    return RP_OK;
}

static rp_status stream_part_prepare(rp_pool *pool, struct stream_part *part, rp_error *error)
{
    const struct world *world = &pool->world;
    const rp_stream_job *job = part->job;
    struct stream_worker *worker = &part->worker;
    int64_t window = job->window_bytes > 0 ? job->window_bytes : default_window_bytes;
    part->slot_queue = pool->slot_queue.base;
    *worker = (struct stream_worker){
        .work_queue = pool->work_queue,
        .slot_queue = part->slot_queue,
        .lane = (uint32_t)world->node_rank,
        .feeder = feeder_lane(pool),
        .job = job,
        .spin = world->crowding <= 1,
        .pool = pool,
        .look = world->agreement.liveness != NULL ? rpi_survival_attend : NULL,
        .task = {.user = job->options.user,
                 .seed = job->options.seed,
                 .call = CALL_STREAM,
                 .job_name = job->options.name,
                 .pool = pool},
        .careful = rpi_attempt_needed(pool, &job->options),
        .attempts = {.pool = pool, .options = &job->options, .task = &worker->task},
        .most_saved = (size_t)(window / world->node_ranks),
    };
    rpi_error_clear(&worker->failure);
    check_peer_access(pool, part);
    if (!rpi_stream_worker_make(worker))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    if (rpi_stream_link_make(pool, part->slot_queue, &part->stream_link, error) != RP_OK ||
        world->rank != world->root)
        return error->status;
    return stream_root_prepare(pool, part, error);
}

/* Prepares a round. Collective, the same status everywhere. */
static rp_status stream_round_prepare(rp_pool *pool, struct stream_part *part)
{
    slot_queue_prepare(pool, &pool->last);
    if (rpi_survival_agree(pool) != RP_OK)
        return pool->last.status;
    stream_part_prepare(pool, part, &pool->last);
    return rpi_survival_agree(pool);
}

/* Of a round. */
static void stream_round_release(struct stream_part *part)
{
    rpi_feeder_drop(&part->stream.feeder);
    rpi_stream_link_drop(part->stream_link);
    rpi_stream_worker_drop(&part->worker);
    part->stream_link = NULL;
    part->worker = (struct stream_worker){.slot_queue = NULL};
}

/* ---- the stream ------------------------------------------------------------------------------ */

static double stream_link_poll(void *stream_link)
{
    return rpi_stream_link_attend(stream_link);
}

/* Those that failed are told when all is over. */
static const rp_error *stream_part_failure(const struct stream_part *part)
{
    const struct stream *stream = &part->stream;
    if (part->worker.failure.status != RP_OK)
        return &part->worker.failure;
    if (stream->failure.status != RP_OK)
        return &stream->failure;
    return stream->failures.count > 0 && !stream->another_round ? &stream->failures.lowest : NULL;
}

/* This rank's part; what went wrong with it goes into the vote. */
static void stream_part_run(rp_pool *pool, struct stream_part *part, struct vote *vote)
{
    const struct stream *stream = &part->stream;
    bool root = pool->world.rank == pool->world.root;
    rpi_stream_link_begin(part->stream_link);
    if (root)
        rpi_stream_serve(&part->stream);
    else
        rpi_stream_worker_run(&part->worker, part->stream_link != NULL ? stream_link_poll : NULL,
                              part->stream_link);
    const rp_error *failure = stream_part_failure(part);
    if (failure != NULL)
        vote->error = *failure;
    rpi_stream_link_end(part->stream_link, vote);
    /* On its node the root knows whether all was consumed before the interruption. */
    if (root ? !stream->complete : pool->world.node != pool->world.root_node)
        rpi_interruption_tell(pool->work_queue, vote);
    if (root && pool->in_rounds)
        rpi_rounds_send(pool, stream->another_round);
}

/* For as long as tasks may run no other call is allowed. */
static void stream_round_begin(rp_pool *pool, struct stream_part *part)
{
    struct rp_task *task = &part->worker.task;
    pool->loop.open = true;
    pool->loop.agent_at = rpi_agreement_leader(&pool->world.agreement);
    part->stream_link = rpi_stream_link_elect(part->stream_link);
    part->worker.feeder = feeder_lane(pool);
    part->worker.cautious = pool->in_rounds && part->stream_link != NULL;
    rpi_interruption_begin(pool->work_queue);
    pool->worker = pthread_self();
    pool->task = task;
    if (part->stream_link != NULL) {
        task->attend = stream_link_poll;
        task->attend_closure = part->stream_link;
    }
    rpi_activity_begin_stream(pool->activity);
    rpi_observe_stream(pool, part->job, part->stream.window_items);
    rpi_watchdog_limit(&pool->watchdog, part->job->options.item_seconds);
}

static void stream_round_end(rp_pool *pool)
{
    rpi_observe_stream_end(pool);
    rpi_watchdog_limit(&pool->watchdog, 0);
    pool->task = NULL;
    rpi_activity_end_job(pool->activity);
}

/* One round; it is the whole stream, where no stream link dies. Is there to be another? Collective, the
 * same answer everywhere. */
static bool stream_round_run(rp_pool *pool, struct stream_part *part)
{
    struct vote outcome = rpi_vote(CALL_LOOP_CLOSE);
    stream_round_begin(pool, part);
    stream_part_run(pool, part, &outcome);
    stream_round_end(pool);
    rp_status status = rpi_pool_agree(pool, &outcome);
    pool->loop.open = false;
    return pool->in_rounds && status == RP_OK && rpi_rounds_received(pool);
}

static void stream_rounds_run(rp_pool *pool, struct stream_part *part)
{
    bool again;
    do {
        again = stream_round_prepare(pool, part) == RP_OK && stream_round_run(pool, part);
        stream_round_release(part);
    } while (again);
}

static rp_status stream_run(rp_pool *pool, const rp_stream_job *job)
{
    static const rp_stream_job no_job;
    struct stream_part part = {.job = job};
    struct vote vote = rpi_vote(CALL_STREAM);
    if (stream_job_check(pool, job, &vote.error) == RP_OK)
        rpi_stream_saving_check(pool, job, &vote.error);
    stream_vote_terms(&vote, job != NULL ? job : &no_job);
    rpi_watchdog_provide(pool, job != NULL ? &job->options : &no_job.options, &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    rpi_stream_saving_begin(&part.saving, pool, job);
    stream_rounds_run(pool, &part);
    rpi_stream_drop(&part.stream);
    rpi_stream_saving_end(&part.saving, pool->last.status);
    return pool->last.status;
}

rp_status rp_stream(rp_pool *pool, const rp_stream_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_survival_enter(pool);
    rp_status status = stream_run(pool, job);
    rpi_survival_leave(pool);
    return status;
}
