/* rp_stream(): items are produced and results consumed while other items are computed.
 *
 * A stream normally runs in one round. In a pool that survives deaths across nodes, when the stream
 * link of a node dies, the other ranks of that node enter the agreement that ends the round. The
 * root waits until no node holds a packet, then enters it too. The next round resumes with the
 * surviving ranks and newly elected stream links. */
#include "diag/diagnosis.h"
#include "stream/drive.h"

#include "base/error.h"
#include "engine/job.h"
#include "observe/hooks.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t default_window_items = 65536, default_window_bytes = (int64_t)16 << 20;

static int64_t stream_window_bytes(const rp_stream_job *job)
{
    return job->window_bytes > 0 ? job->window_bytes : default_window_bytes;
}

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
                             "options.schedule: a stream supports only adaptive and dynamic");
    if (options->item_status != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.item_status: a stream reports failed items to the consumer");
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
    vote->terms[JOB_UNORDERED] = job->unordered;
    vote->terms[JOB_DEDICATED_ROOT] = job->dedicated_root;
    vote->terms[JOB_WINDOW_ITEMS] = job->window_items;
    vote->terms[JOB_WINDOW_BYTES] = job->window_bytes;
    vote->terms[JOB_SCHEDULE] = job->options.schedule;
    vote->terms[JOB_CHUNK] = job->options.chunk;
    vote->terms[JOB_ON_FAILURE] = job->options.on_failure;
    vote->terms[JOB_SEED] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, &job->options);
}

/* ---- state of a rank ------------------------------------------------------------------------- */

/* The state of one rank in a stream. */
struct stream_part {
    struct stream stream; /* on the root only */
    rp_pool *pool;
    const rp_stream_job *job;
    const struct stream_driver *driver; /* NULL: of rp_stream() */
    struct job_saving saving;
    bool open; /* in a round */
    /* Valid for one round: */
    struct slot_queue *slot_queue;
    struct stream_worker worker;
    struct stream_link *stream_link; /* NULL if this rank does not run one */
};

static bool stream_part_driven(const struct stream_part *part)
{
    return part->driver != NULL && part->driver->drive != NULL;
}

/* Prepares an empty slot queue in which every rank has published how to read its memory, and a work
 * queue without work. Any rank may be elected feeder, so every rank empties them, all storing the
 * same values; the stream begins with an agreement after that. Collective on the node. */
static rp_status slot_queue_prepare(rp_pool *pool, rp_error *error)
{
    const struct unit_range none = {0, 0};
    struct node_memory *memory = &pool->memory.slot_queue;
    uint32_t lanes = (uint32_t)pool->world.node_ranks, lane = (uint32_t)pool->world.node_rank;
    if (memory->base == NULL &&
        pool_memory_grow(pool, rpi_slot_queue_bytes(lanes), memory, error) != RP_OK)
        return error->status;
    rpi_slot_queue_reset(memory->base, lanes);
    rpi_slot_queue_lane(memory->base, lane)->self = rpi_peer_self();
    rpi_work_queue_prepare(pool->work_queue, none, none, true);
    return RP_OK;
}

/* Checks that the feeder can read the memory of all ranks of the node and that the others can read
 * the feeder's. */
static void check_peer_access(const rp_pool *pool, const struct stream_part *part)
{
    const struct stream_worker *worker = &part->worker;
    bool reached = true;
    for (uint32_t lane = 0; lane < part->slot_queue->lanes; lane++) {
        bool needed = worker->lane == worker->feeder || lane == worker->feeder;
        if (needed && lane != worker->lane)
            reached =
                reached && pool->ops->reachable(&rpi_slot_queue_lane(part->slot_queue, lane)->self);
    }
    if (!reached)
        atomic_store_explicit(&part->slot_queue->unreachable, 1, memory_order_relaxed);
}

/* Whether the root computes no items itself. With RANKPOOL_CHECK it never does, so that tasks that
 * work only on the root show. */
static bool root_only_serves(const rp_pool *pool, const rp_stream_job *job)
{
    return (job->dedicated_root || pool->check) && pool->world.ranks > 1;
}

/* The ranks of other nodes are set once their stream links are known to the root's. */
static void destinations_init(struct stream *stream)
{
    const struct world *world = &stream->pool->world;
    for (int node = 0; node < world->nodes; node++) {
        uint32_t ranks = (uint32_t)world_ranks_on(world, node);
        uint32_t most = rpi_slot_queue_slots(ranks) - 1; /* one slot stays free for a large item */
        ranks -= stream->worker == NULL && node == world->node;
        stream->destinations[node] =
            (struct destination){.ranks = node == world->node ? ranks : 0,
                                 .depth = 2 * ranks < most ? 2 * ranks : most,
                                 .most = most};
    }
}

/* Initializes the part of the root's state that lasts for all rounds. */
static rp_status stream_root_init(rp_pool *pool, struct stream_part *part, rp_error *error)
{
    const rp_stream_job *job = part->job;
    struct stream *stream = &part->stream;
    size_t nodes = (size_t)pool->world.nodes;
    *stream = (struct stream){
        .pool = pool,
        .job = job,
        .saving = &part->saving,
        .pace = rpi_chunk_policy_start(
            (struct chunk_costs){job->options.call_overhead, job->options.expected_seconds}, 1),
        .window_items = job->window_items > 0 ? job->window_items : default_window_items,
        .window_bytes = stream_window_bytes(job),
        .driven = stream_part_driven(part),
        .shown = part->driver != NULL ? part->driver->shown : NULL,
        .destinations = calloc(nodes, sizeof *stream->destinations),
        .remote_nodes = calloc(nodes, sizeof *stream->remote_nodes),
    };
    rpi_error_clear(&stream->failure);
    if (stream->destinations == NULL || stream->remote_nodes == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a stream");
    return RP_OK;
}

/* Initializes the part of the root's state that lasts for one round. */
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
    stream->fallback_worker = &part->worker;
    rpi_feeder_attend(&stream->feeder, pool->work_queue, rpi_survival_look, pool);
    destinations_init(stream);
    return RP_OK;
}

static rp_status stream_part_prepare(rp_pool *pool, struct stream_part *part, rp_error *error)
{
    const struct world *world = &pool->world;
    const rp_stream_job *job = part->job;
    struct stream_worker *worker = &part->worker;
    part->slot_queue = pool->memory.slot_queue.base;
    *worker = (struct stream_worker){
        .work_queue = pool->work_queue,
        .slot_queue = part->slot_queue,
        .lane = (uint32_t)world->node_rank,
        .feeder = (uint32_t)pool->ops->leader(pool),
        .job = job,
        .spin = world->crowding <= 1,
        .pool = pool,
        .task = {.user = job->options.user,
                 .seed = job->options.seed,
                 .call = part->driver != NULL ? part->driver->call : CALL_STREAM,
                 .job_name = job->options.name,
                 .pool = pool},
        .careful = part->driver == NULL && rpi_attempt_needed(pool, &job->options),
        .attempts = {.pool = pool, .options = &job->options, .task = &worker->task},
        .most_saved = (size_t)(stream_window_bytes(job) / world->node_ranks),
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

/* Collective; every rank gets the same status. */
static rp_status stream_round_prepare(rp_pool *pool, struct stream_part *part)
{
    slot_queue_prepare(pool, &pool->last);
    if (rpi_pool_agree_prepared(pool) != RP_OK)
        return pool->last.status;
    stream_part_prepare(pool, part, &pool->last);
    return rpi_pool_agree_prepared(pool);
}

static void stream_round_release(struct stream_part *part)
{
    rpi_feeder_drop(&part->stream.feeder);
    rpi_stream_link_drop(part->stream_link);
    rpi_stream_worker_drop(&part->worker);
    part->stream_link = NULL;
    part->worker = (struct stream_worker){.slot_queue = NULL};
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Failed items are reported after the last round only. */
static const rp_error *stream_part_failure(const struct stream_part *part)
{
    const struct stream *stream = &part->stream;
    if (part->worker.failure.status != RP_OK)
        return &part->worker.failure;
    if (stream->failure.status != RP_OK)
        return &stream->failure;
    bool failed = stream->failures.count > 0 && !stream->driven && !stream->another_round;
    return failed ? &stream->failures.lowest : NULL;
}

/* Runs this rank's part of a round, or, if a driver does, of all rounds. */
static void stream_part_run(struct stream_part *part)
{
    bool root = part->pool->world.rank == part->pool->world.root;
    if (root && stream_part_driven(part))
        part->driver->drive(&part->stream, part->driver->closure);
    else if (root)
        rpi_stream_serve(&part->stream);
    else
        rpi_stream_worker_run(&part->worker,
                              part->stream_link != NULL ? rpi_node_link_attend : NULL,
                              part->stream_link);
}

/* Ends this rank's part of a round and stores its error in the vote. */
static void stream_part_end(rp_pool *pool, struct stream_part *part, struct vote *vote)
{
    const struct stream *stream = &part->stream;
    bool root = pool->world.rank == pool->world.root;
    if (root)
        rpi_stream_close(&part->stream);
    const rp_error *failure = stream_part_failure(part);
    if (failure != NULL)
        vote->error = *failure;
    if (part->stream_link != NULL)
        rpi_node_link_end(&part->stream_link->link, vote);
    /* On its own node, the root knows whether all items were consumed before an interruption. */
    if (root ? !stream->complete : pool->world.node != pool->world.root_node)
        rpi_interruption_vote(pool->work_queue, vote);
    if (root)
        rpi_rounds_send(pool, stream->another_round);
}

/* From here to stream_round_end() tasks may run, so no other call on the pool is allowed. */
static void stream_round_begin(rp_pool *pool, struct stream_part *part)
{
    struct rp_task *task = &part->worker.task;
    pool->loop.open = true;
    pool->loop.agent_at = pool->ops->leader(pool);
    part->stream_link = rpi_stream_link_elect(part->stream_link);
    part->worker.feeder = (uint32_t)pool->ops->leader(pool);
    part->worker.cautious = part->stream_link != NULL;
    interruption_begin(pool->work_queue);
    pool->loop.worker = pthread_self();
    pool->loop.task = task;
    if (part->stream_link != NULL) {
        task->attend = rpi_node_link_attend;
        task->attend_closure = &part->stream_link->link;
    }
    rpi_activity_begin_stream(pool->diag->activity);
    bool waits = part->stream.shown != NULL;
    rpi_observe_stream(pool, &part->job->options,
                       (struct progress_job){.window =
                                                 waits ? NO_WINDOW : part->stream.window_items,
                                             .done = rpi_stream_shown(&part->stream).done,
                                             .expected = part->job->expected_items});
    watchdog_limit(&pool->diag->watchdog,
                   part->driver != NULL ? part->driver->seconds : part->job->options.item_seconds);
    if (part->stream_link != NULL)
        rpi_stream_link_begin(part->stream_link);
}

static void stream_round_end(rp_pool *pool)
{
    rpi_observe_stream_end(pool);
    watchdog_limit(&pool->diag->watchdog, 0);
    pool->loop.task = NULL;
    activity_end_job(pool->diag->activity);
}

/* Opens the next round. Collective. */
static void stream_round_open(struct stream_part *part)
{
    part->open = stream_round_prepare(part->pool, part) == RP_OK;
    if (part->open)
        stream_round_begin(part->pool, part);
    else
        stream_round_release(part);
}

/* Ends the round, and opens the next one if there is one. Collective. */
static void stream_round_turn(struct stream_part *part)
{
    rp_pool *pool = part->pool;
    struct vote outcome = rpi_vote(CALL_LOOP_CLOSE);
    stream_part_end(pool, part, &outcome);
    stream_round_end(pool);
    rp_status status = rpi_pool_agree(pool, &outcome);
    pool->loop.open = false;
    part->open = false;
    stream_round_release(part);
    if (status == RP_OK && rpi_rounds_received(pool))
        stream_round_open(part);
}

static void stream_rounds_run(struct stream_part *part)
{
    stream_round_open(part);
    while (part->open) {
        stream_part_run(part);
        if (part->open)
            stream_round_turn(part);
    }
}

bool rpi_stream_next_round(struct stream *stream)
{
    struct stream_part *part = (struct stream_part *)stream;
    stream_round_turn(part);
    return part->open;
}

/* The rank's vote. A driver has checked the job. */
static struct vote stream_vote(rp_pool *pool, const rp_stream_job *job,
                               const struct stream_driver *driver)
{
    static const rp_stream_job no_job;
    struct vote vote = rpi_vote(driver != NULL ? driver->call : CALL_STREAM);
    if (driver != NULL)
        vote.error = driver->error;
    else if (stream_job_check(pool, job, &vote.error) == RP_OK)
        rpi_stream_saving_check(pool, job, &vote.error);
    stream_vote_terms(&vote, job != NULL ? job : &no_job);
    if (driver != NULL)
        vote.terms[JOB_N] = driver->n;
    if (driver != NULL)
        rpi_watchdog_provide(pool, &vote.error);
    else
        watchdog_provide(pool, job != NULL ? &job->options : &no_job.options, &vote.error);
    return vote;
}

rp_status rpi_stream_run(rp_pool *pool, const rp_stream_job *job,
                         const struct stream_driver *driver)
{
    struct stream_part part = {.pool = pool, .job = job, .driver = driver};
    struct vote vote = stream_vote(pool, job, driver);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    if (driver == NULL)
        rpi_stream_saving_begin(&part.saving, pool, job);
    else if (driver->begin != NULL)
        driver->begin(driver->closure);
    stream_rounds_run(&part);
    rpi_stream_drop(&part.stream);
    rpi_job_saving_end(&part.saving, pool->last.status);
    return pool->last.status;
}

rp_status rp_stream(rp_pool *pool, const rp_stream_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_survival_enter(pool);
    rp_status status = rpi_stream_run(pool, job, NULL);
    rpi_survival_leave(pool);
    return status;
}
