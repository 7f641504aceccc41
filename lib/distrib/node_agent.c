#include "distrib/node_agent.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "comm/mpi_error.h"
#include "distrib/node_leader.h"

#include <math.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* ---- creation -------------------------------------------------------------------------------- */

static void describe_node(struct agent *agent, rp_pool *pool)
{
    const double first_delivery = 2e-3;
    agent->pool = pool;
    agent->work_queue = pool->work_queue;
    agent->survives = pool->in_rounds;
    agent->dispatcher_at = agent->survives ? pool->world.root : pool->world.root_node;
    agent->asked = agent->heard = rpi_clock_seconds();
    agent->speed = rpi_throughput_start(agent->asked);
    agent->delivery = first_delivery;
    agent->lost_at = INFINITY;
    rpi_error_clear(&agent->error);
}

static void describe_job(struct agent *agent, const struct agent_job *job)
{
    agent->job = job_number(agent->pool);
    agent->units = job->job->units;
    /* A node that begins with nothing is sent its first batch unasked, where it is known who writes
     * for it. */
    agent->requested = job->job->begun == 0 && !agent->survives;
    agent->arrays = job->arrays;
    agent->array_count = job->count;
    agent->status_array = job->status_array;
    agent->staging = *job->staging;
    for (int i = 0; i < job->count; i++) {
        bool shipped = job->staging->staged[i] && job->arrays[i].output;
        if (shipped && i != job->status_array)
            agent->results |= UINT32_C(1) << i;
        else if (shipped && job->status_wanted)
            agent->statuses |= UINT32_C(1) << i;
    }
}

static rp_status furnish(struct agent *agent, const struct agent_job *job, rp_error *error)
{
    rp_pool *pool = agent->pool;
    const struct world *world = &pool->world;
    double silence = agent->survives ? 0 : pool->heartbeat_timeout; /* TCP links tell */
    if (!agent->survives && rpi_channel_open(&agent->channel, world->agents,
                                             sizeof(struct agent_message), error) != RP_OK)
        return error->status;
    agent->delivery += 2 * agent->channel.delay;
    if (!rpi_heartbeat_begin(&agent->heartbeat, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to watch %d nodes", world->nodes);
    if (world->rank != world->root)
        return RP_OK;
    agent->dispatcher = rpi_dispatcher_make(pool, job->arrays, job->count, job->staging, job->job);
    if (agent->dispatcher == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to %d nodes",
                             world->nodes);
    return RP_OK;
}

rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error)
{
    *agent = NULL;
    if (!rpi_may_write(pool))
        return RP_OK;
    struct agent *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the agent of a node");
    describe_node(made, pool);
    describe_job(made, job);
    if (furnish(made, job, error) != RP_OK) {
        rpi_agent_drop(made);
        return error->status;
    }
    *agent = made;
    return RP_OK;
}

void rpi_agent_drop(struct agent *agent)
{
    if (agent == NULL)
        return;
    rpi_heartbeat_end(&agent->heartbeat);
    free(agent->news.log_copy);
    rpi_dispatcher_drop(agent->dispatcher);
    rpi_channel_close(&agent->channel);
    free(agent);
}

struct agent *rpi_agent_elect(struct agent *agent)
{
    if (agent == NULL || rpi_writes(agent->pool))
        return agent;
    rpi_agent_drop(agent);
    return NULL;
}

/* ---- heartbeat ------------------------------------------------------------------------------- */

int rpi_agent_watch_heartbeats(struct agent *agent)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (agent->dispatcher == NULL && !agent->finish_told &&
        rpi_heartbeat_spoke(&agent->heartbeat, now))
        code = rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_ALIVE});
    int silent = isinf(agent->lost_at) ? rpi_heartbeat_silent(&agent->heartbeat, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    rpi_agent_lose(agent, silent);
    return agent->dispatcher != NULL
               ? rpi_dispatcher_lose(agent->dispatcher, &agent->channel, silent)
               : MPI_SUCCESS;
}

/* Without the root there is nothing to go on for; without other nodes there is. */
int rpi_agent_look_after_others(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    if (!agent->survives)
        return MPI_SUCCESS;
    if (agent->dispatcher != NULL)
        return rpi_dispatcher_look(agent->dispatcher, &agent->channel);
    if (!rpi_tcp_links_whole(&world->hub.tcp_links, world->root)) {
        rpi_work_queue_stop(agent->work_queue);
        agent->over = true;
    }
    return MPI_SUCCESS;
}

/* ---- poll interval --------------------------------------------------------------------------- */

/* How things stand with an agent after a step. */
struct poll_interval {
    bool moving;     /* messages or payloads are on their way */
    bool awaited;    /* a rank is idle, or all are done, until something comes */
    double lasts;    /* seconds for which the node has enough to do; INFINITY: nobody knows */
    bool dispatches; /* others may ask this agent for more, */
    double silence;  /* and nobody has for so many seconds */
};

/* While payloads move, while somebody waits, and otherwise at the least and at the most. */
static const double moving_sleep = 50e-6, awaited_sleep = 0.1e-3, shortest = 0.5e-3, longest = 8e-3;

/* While nobody knows how long the node has enough to do. */
static const double usual = 1e-3;

/* A dispatcher answers late by as much as it sleeps. Batches halve, and so does the time between
 * two requests: after a silence, the next one comes sooner than half of it only by chance. */
static const double longest_of_dispatcher = 4e-3;

/* What is waited for is late by no more than one part in so many of the time it took to come. */
static const double parts = 8;

static double within(double seconds, double most)
{
    return seconds < shortest ? shortest : seconds > most ? most : seconds;
}

static double poll_interval_sleep(const struct poll_interval *poll_interval)
{
    if (poll_interval->moving)
        return moving_sleep;
    if (poll_interval->awaited)
        return awaited_sleep;
    double sleep =
        isfinite(poll_interval->lasts) ? within(poll_interval->lasts / parts, longest) : usual;
    double most = within(poll_interval->silence / parts, longest_of_dispatcher);
    return poll_interval->dispatches && most < sleep ? most : sleep;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int carry_post(struct agent *agent)
{
    return rpi_channel_step(&agent->channel);
}

/* What a step consists of, in this order. */
static int (*const acts[])(struct agent *agent) = {
    carry_post,
    rpi_agent_read_messages,
    rpi_agent_look_after_others,
    rpi_agent_advance,
    rpi_agent_estimate,
    rpi_agent_send_stop,
    rpi_agent_send_deaths,
    rpi_agent_ask,
    rpi_agent_send_progress,
    rpi_agent_send_finish,
    rpi_agent_watch_heartbeats,
};

static int take_step(struct agent *agent)
{
    int code = MPI_SUCCESS;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0] && code == MPI_SUCCESS; i++)
        code = acts[i](agent);
    return code;
}

static double how_long_to_sleep(struct agent *agent)
{
    bool awaited = agent->finish_told || (agent->requested > 0 && agent->lasts <= 0);
    return poll_interval_sleep(
        &(struct poll_interval){.moving = !rpi_channel_idle(&agent->channel),
                                .awaited = awaited,
                                .lasts = agent->lasts,
                                .dispatches = agent->dispatcher != NULL,
                                .silence = rpi_clock_seconds() - agent->heard});
}

/* Where MPI fails nothing more can be told or heard. */
static void check(struct agent *agent, int code)
{
    if (agent->over || rpi_mpi_check(code, "MPI between nodes", &agent->error) == RP_OK)
        return;
    rpi_work_queue_stop(agent->work_queue);
    agent->over = true;
}

/* Returns how long to sleep. */
static double step(struct agent *agent)
{
    const double farewell = 0.1;
    check(agent, take_step(agent));
    double sleep = how_long_to_sleep(agent);
    bool served = agent->dispatcher == NULL || rpi_dispatcher_over(agent->dispatcher);
    if (agent->dismissed && served && rpi_channel_idle(&agent->channel))
        agent->over = true;
    /* What is still to be told when a node is lost gets a moment to leave. */
    if (!isinf(agent->lost_at) && rpi_clock_seconds() - agent->lost_at > farewell)
        agent->over = true;
    return sleep;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Until it has nothing more to do. A rank that becomes idle wakes it. */
static void attend(struct agent *agent)
{
    struct eventcount *idle = &agent->work_queue->idle;
    while (!agent->over) {
        uint32_t seen = rpi_eventcount_key(idle);
        double sleep = step(agent);
        if (!agent->over)
            rpi_eventcount_sleep(idle, seen, sleep);
    }
}

/* The kernel would add 50 us to every sleep. */
static void *live(void *agent)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    attend(agent);
    return NULL;
}

double rpi_agent_attend(struct agent *agent)
{
    double now = rpi_clock_seconds();
    if (agent->over)
        return INFINITY;
    uint32_t idle = rpi_eventcount_key(&agent->work_queue->idle);
    if (now >= agent->next_step || idle != agent->idle) {
        agent->idle = idle;
        agent->next_step = now + step(agent);
    }
    return agent->next_step - now;
}

void rpi_agent_begin(struct agent *agent)
{
    if (agent == NULL)
        return;
    /* What the node begins with may lie in a batch queue. */
    for (int i = 0; i < RESERVOIRS; i++) {
        if (!rpi_work_queue_drawn(agent->work_queue, i))
            agent->batches[i].state = BATCH_OFFERED;
    }
    if (agent->survives) {
        rpi_channel_open_tcp(&agent->channel, &agent->pool->world.hub.tcp_links,
                             sizeof(struct agent_message));
        check(agent, rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_HELLO}));
    } else if (agent->dispatcher != NULL) {
        check(agent, rpi_dispatcher_open(agent->dispatcher, &agent->channel));
        check(agent, rpi_agent_request_progress_of_all(agent));
    }
    rpi_heartbeat_watch(&agent->heartbeat, &agent->pool->world, rpi_clock_seconds());
    agent->threaded =
        agent->pool->agent_threads && rpi_thread_start(&agent->thread, live, agent) == 0;
}

bool rpi_agent_end(struct agent *agent, struct vote *vote)
{
    if (agent == NULL)
        return false;
    rpi_eventcount_notify_one(&agent->work_queue->idle);
    if (agent->threaded)
        pthread_join(agent->thread, NULL);
    else
        attend(agent);
    vote->cut_off = !isinf(agent->lost_at);
    if (vote->error.status == RP_OK || vote->cut_off)
        vote->error = agent->error;
    agent->pool->traffic.messages += agent->channel.messages_sent;
    agent->pool->traffic.bytes += agent->channel.bytes_sent;
    agent->pool->traffic.batches += agent->batches_come;
    bool whole = agent->exhausted && rpi_work_queue_done(agent->work_queue);
    rpi_agent_drop(agent);
    return whole;
}
