#include "pool/agent.h"

#include "base/clock.h"
#include "base/thread.h"
#include "pool/rhythm.h"
#include "world/mpi_error.h"

#include <math.h>
#include <sys/prctl.h>

/* ---- steps ----------------------------------------------------------------------------------- */

static int carry_post(struct agent *agent)
{
    return rpi_post_step(&agent->post);
}

/* What a step consists of, in this order. */
static int (*const acts[])(struct agent *agent) = {
    carry_post,          rpi_agent_read_letters, rpi_agent_look_after_others, rpi_agent_advance,
    rpi_agent_estimate,  rpi_agent_tell_stop,    rpi_agent_tell_deaths,       rpi_agent_ask,
    rpi_agent_tell_news, rpi_agent_tell_finish,  rpi_agent_keep_vigil,
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
    return rpi_rhythm_sleep(&(struct rhythm){.moving = !rpi_post_idle(&agent->post),
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
    rpi_board_stop(agent->board);
    agent->over = true;
}

/* Returns how long to sleep. */
static double step(struct agent *agent)
{
    const double farewell = 0.1;
    check(agent, take_step(agent));
    double sleep = how_long_to_sleep(agent);
    bool served = agent->dispatcher == NULL || rpi_dispatcher_over(agent->dispatcher);
    if (agent->dismissed && served && rpi_post_idle(&agent->post))
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
    struct signal_word *idle = &agent->board->idle;
    while (!agent->over) {
        uint32_t seen = rpi_signal_seen(idle);
        double sleep = step(agent);
        if (!agent->over)
            rpi_signal_sleep(idle, seen, sleep);
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
    uint32_t idle = rpi_signal_seen(&agent->board->idle);
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
    /* What the node begins with may lie in a reservoir. */
    for (int i = 0; i < RESERVOIRS; i++) {
        if (!rpi_board_drawn(agent->board, i))
            agent->batches[i].state = BATCH_OFFERED;
    }
    if (agent->survives) {
        rpi_post_open_wired(&agent->post, &agent->pool->world.star.wires, sizeof(struct letter));
        check(agent, rpi_agent_tell(agent, (struct letter){.kind = LETTER_HELLO}));
    } else if (agent->dispatcher != NULL) {
        check(agent, rpi_dispatcher_open(agent->dispatcher, &agent->post));
        check(agent, rpi_agent_ask_all_for_news(agent));
    }
    rpi_vigil_watch(&agent->vigil, &agent->pool->world, rpi_clock_seconds());
    agent->threaded =
        agent->pool->agent_threads && rpi_thread_start(&agent->thread, live, agent) == 0;
}

bool rpi_agent_end(struct agent *agent, struct ballot *ballot)
{
    if (agent == NULL)
        return false;
    rpi_signal_one(&agent->board->idle);
    if (agent->threaded)
        pthread_join(agent->thread, NULL);
    else
        attend(agent);
    ballot->cut_off = !isinf(agent->lost_at);
    if (ballot->error.status == RP_OK || ballot->cut_off)
        ballot->error = agent->error;
    agent->pool->traffic.letters += agent->post.letters_sent;
    agent->pool->traffic.bytes += agent->post.bytes_sent;
    agent->pool->traffic.batches += agent->batches_come;
    bool whole = agent->exhausted && rpi_board_done(agent->board);
    rpi_agent_drop(agent);
    return whole;
}
