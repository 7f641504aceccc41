#include "distrib/node_agent.h"

#include "base/clock.h"
#include "base/thread.h"
#include "comm/mpi_error.h"
#include "distrib/poll_interval.h"

#include <math.h>
#include <sys/prctl.h>

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
    return rpi_poll_interval_sleep(
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
