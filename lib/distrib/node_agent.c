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

static void agent_init(struct agent *agent, rp_pool *pool)
{
    const double first_delivery = 2e-3;
    agent->pool = pool;
    agent->work_queue = pool->work_queue;
    agent->survives = pool->in_rounds;
    agent->dispatcher_at = agent->survives ? pool->world.root : pool->world.root_node;
    agent->requested_at = agent->heard = rpi_clock_seconds();
    agent->speed = rpi_throughput_start(agent->requested_at);
    agent->delivery = first_delivery;
    agent->lost_at = INFINITY;
    rpi_error_clear(&agent->error);
}

static void agent_set_job(struct agent *agent, const struct agent_job *job)
{
    agent->job = job_number(agent->pool);
    agent->units = job->job->units;
    /* If nodes begin without units, the dispatcher sends each its first batch unrequested. Where
     * ranks survive deaths it does not know the leaders yet, so agents request that batch. */
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

static rp_status agent_open(struct agent *agent, const struct agent_job *job, rp_error *error)
{
    rp_pool *pool = agent->pool;
    const struct world *world = &pool->world;
    double silence = agent->survives ? 0 : pool->heartbeat_timeout; /* TCP links detect deaths */
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
    if (!may_lead_node(pool))
        return RP_OK;
    struct agent *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the agent of a node");
    agent_init(made, pool);
    agent_set_job(made, job);
    if (agent_open(made, job, error) != RP_OK) {
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
    free(agent->progress.log_copy);
    rpi_dispatcher_drop(agent->dispatcher);
    rpi_channel_close(&agent->channel);
    free(agent);
}

struct agent *rpi_agent_elect(struct agent *agent)
{
    if (leads_node(agent->pool))
        return agent;
    rpi_agent_drop(agent);
    return NULL;
}

/* ---- heartbeat ------------------------------------------------------------------------------- */

int rpi_agent_watch_heartbeats(struct agent *agent)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (agent->dispatcher == NULL && !agent->finish_sent &&
        rpi_heartbeat_due(&agent->heartbeat, now))
        code = rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_ALIVE});
    int silent = isinf(agent->lost_at) ? rpi_heartbeat_silent(&agent->heartbeat, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    rpi_agent_lose(agent, silent);
    return agent->dispatcher != NULL
               ? rpi_dispatcher_lose(agent->dispatcher, &agent->channel, silent)
               : MPI_SUCCESS;
}

/* The root handles the deaths of other nodes; other nodes stop when they have lost the root. */
int rpi_agent_check_peers(struct agent *agent)
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

/* What the sleep after a step depends on. A step costs about 20 us of a computing core, so the
 * agent polls often only while a rank or a transfer waits for it. */
struct poll_interval {
    bool moving;     /* transfers are in progress */
    bool awaited;    /* ranks are idle until a message arrives */
    double lasts;    /* seconds until the node runs out of units; INFINITY: unknown */
    bool dispatches; /* this agent runs the dispatcher */
    double silence;  /* seconds since the last message */
};

/* Seconds while transfers are in progress; while ranks wait; bounds otherwise. */
static const double moving_sleep = 50e-6, awaited_sleep = 0.1e-3, min_sleep = 0.5e-3,
                    max_sleep = 8e-3;

/* While it is unknown when the node runs out of units. */
static const double default_sleep = 1e-3;

/* The dispatcher's sleep delays its replies. Batches halve in size, and so does the time between
 * two requests: after a silence the next request rarely arrives before half that time has
 * passed. */
static const double max_dispatcher_sleep = 4e-3;

/* Limits the delay of an event to one part in `sleep_divisor` of the time until it happens. */
static const double sleep_divisor = 8;

static double poll_interval_clamp(double seconds, double most)
{
    return seconds < min_sleep ? min_sleep : seconds > most ? most : seconds;
}

static double poll_interval_seconds(const struct poll_interval *poll_interval)
{
    if (poll_interval->moving)
        return moving_sleep;
    if (poll_interval->awaited)
        return awaited_sleep;
    double sleep = isfinite(poll_interval->lasts)
                       ? poll_interval_clamp(poll_interval->lasts / sleep_divisor, max_sleep)
                       : default_sleep;
    double most = poll_interval_clamp(poll_interval->silence / sleep_divisor, max_dispatcher_sleep);
    return poll_interval->dispatches && most < sleep ? most : sleep;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int agent_step_channel(struct agent *agent)
{
    return rpi_channel_step(&agent->channel);
}

/* Executed in this order. */
static int (*const step_parts[])(struct agent *agent) = {
    agent_step_channel,    rpi_agent_read_messages,    rpi_agent_check_peers,
    rpi_agent_advance,     rpi_agent_estimate,         rpi_agent_send_stop,
    rpi_agent_send_deaths, rpi_agent_request_batch,    rpi_agent_send_progress,
    rpi_agent_send_finish, rpi_agent_watch_heartbeats,
};

static int agent_run_parts(struct agent *agent)
{
    int code = MPI_SUCCESS;
    for (size_t i = 0; i < sizeof step_parts / sizeof step_parts[0] && code == MPI_SUCCESS; i++)
        code = step_parts[i](agent);
    return code;
}

static double agent_sleep_seconds(struct agent *agent)
{
    bool awaited = agent->finish_sent || (agent->requested > 0 && agent->lasts <= 0);
    return poll_interval_seconds(
        &(struct poll_interval){.moving = !rpi_channel_idle(&agent->channel),
                                .awaited = awaited,
                                .lasts = agent->lasts,
                                .dispatches = agent->dispatcher != NULL,
                                .silence = rpi_clock_seconds() - agent->heard});
}

/* After an MPI error the agent can neither send nor receive, so it stops the node. */
static void agent_check(struct agent *agent, int code)
{
    if (agent->over || rpi_mpi_check(code, "MPI between nodes", &agent->error) == RP_OK)
        return;
    rpi_work_queue_stop(agent->work_queue);
    agent->over = true;
}

/* Returns the seconds to sleep. */
static double agent_step(struct agent *agent)
{
    const double linger = 0.1;
    agent_check(agent, agent_run_parts(agent));
    double sleep = agent_sleep_seconds(agent);
    bool served = agent->dispatcher == NULL || rpi_dispatcher_over(agent->dispatcher);
    if (agent->dismissed && served && rpi_channel_idle(&agent->channel))
        agent->over = true;
    /* After the loss of a node, give the last messages time to be sent. */
    if (!isinf(agent->lost_at) && rpi_clock_seconds() - agent->lost_at > linger)
        agent->over = true;
    return sleep;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Runs until nothing is left to do. A rank that becomes idle wakes the agent. */
static void agent_run(struct agent *agent)
{
    struct eventcount *idle = &agent->work_queue->idle;
    while (!agent->over) {
        uint32_t seen = rpi_eventcount_key(idle);
        double sleep = agent_step(agent);
        if (!agent->over)
            rpi_eventcount_sleep(idle, seen, sleep);
    }
}

/* The default timer slack of Linux would add 50 us to every sleep. */
static void *agent_thread(void *agent)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    agent_run(agent);
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
        agent->next_step = now + agent_step(agent);
    }
    return agent->next_step - now;
}

void rpi_agent_begin(struct agent *agent)
{
    /* The units that the node begins with may be in a batch queue. */
    for (int i = 0; i < BATCH_QUEUES; i++) {
        if (!rpi_work_queue_drained(agent->work_queue, i))
            agent->batches[i].state = BATCH_OFFERED;
    }
    if (agent->survives) {
        rpi_channel_open_tcp(&agent->channel, &agent->pool->world.hub.tcp_links,
                             sizeof(struct agent_message));
        agent_check(agent, rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_HELLO}));
    } else if (agent->dispatcher != NULL) {
        agent_check(agent, rpi_dispatcher_open(agent->dispatcher, &agent->channel));
        agent_check(agent, rpi_agent_request_progress_of_all(agent));
    }
    rpi_heartbeat_watch(&agent->heartbeat, &agent->pool->world, rpi_clock_seconds());
    agent->threaded =
        agent->pool->agent_threads && rpi_thread_start(&agent->thread, agent_thread, agent) == 0;
}

bool rpi_agent_end(struct agent *agent, struct vote *vote)
{
    rpi_eventcount_notify_one(&agent->work_queue->idle);
    if (agent->threaded)
        pthread_join(agent->thread, NULL);
    else
        agent_run(agent);
    vote->cut_off = !isinf(agent->lost_at);
    if (vote->error.status == RP_OK || vote->cut_off)
        vote->error = agent->error;
    agent->pool->traffic.messages += agent->channel.messages_sent;
    agent->pool->traffic.bytes += agent->channel.bytes_sent;
    agent->pool->traffic.batches += agent->batches_received;
    bool whole = agent->exhausted && rpi_work_queue_done(agent->work_queue);
    rpi_agent_drop(agent);
    return whole;
}
