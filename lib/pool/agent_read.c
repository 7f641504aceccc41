/* What an agent does when a letter comes. */
#include "pool/agent.h"

#include "base/clock.h"

/* Where ranks survive, the first letter of each node. */
static int greet(struct agent *agent, int node, const struct letter *letter)
{
    int code = rpi_dispatcher_read(agent->dispatcher, &agent->post, node, letter);
    bool other = node != agent->pool->world.node;
    if (code == MPI_SUCCESS && other)
        code = rpi_agent_ask_for_news(agent, agent->dispatcher->nodes[node].agent);
    return code;
}

/* There are no more batches, or all is to stop. */
static void close_node(struct agent *agent, const struct letter *letter)
{
    agent->closing = true;
    agent->exhausted = agent->exhausted || !letter->stop;
    agent->requested = 0;
    if (!letter->stop)
        return;
    agent->stop_told = true;
    rpi_board_stop(agent->board);
    if (letter->lost >= 0)
        rpi_agent_lose(agent, letter->lost);
}

/* What is not for an agent is for the dispatcher. */
static int read_letter(struct agent *agent, int from, const struct letter *letter)
{
    if (letter->job != agent->job)
        return MPI_SUCCESS;
    rpi_vigil_hear(&agent->vigil, from, rpi_clock_seconds());
    switch (letter->kind) {
    case LETTER_BATCH:
        return rpi_agent_accept_batch(agent, letter);
    case LETTER_CLOSED:
        close_node(agent, letter);
        return MPI_SUCCESS;
    case LETTER_OVER:
        agent->dismissed = true;
        return MPI_SUCCESS;
    case LETTER_PROGRESS:
        rpi_news_read(&agent->news, agent->pool, from, letter);
        return MPI_SUCCESS;
    case LETTER_HELLO:
        return greet(agent, from, letter);
    case LETTER_FINISHED:
        rpi_vigil_dismiss(&agent->vigil, from);
        rpi_news_read(&agent->news, agent->pool, from, letter);
        break;
    default:
        break;
    }
    return agent->dispatcher != NULL
               ? rpi_dispatcher_read(agent->dispatcher, &agent->post, from, letter)
               : MPI_SUCCESS;
}

/* Over wires letters are from ranks. Is this one of the rank that writes for its node? */
static bool is_from_agent(struct agent *agent, const struct letter *letter, int *from)
{
    int rank = *from;
    if (!agent->survives)
        return true;
    *from = agent->pool->world.node_of[rank];
    return agent->dispatcher == NULL ||
           (letter->job == agent->job && rpi_dispatcher_hear(agent->dispatcher, rank));
}

int rpi_agent_read_letters(struct agent *agent)
{
    struct letter letter;
    int from, code;
    while ((code = rpi_post_next(&agent->post, &from, &letter)) == MPI_SUCCESS && from >= 0) {
        agent->heard = rpi_clock_seconds();
        if (!is_from_agent(agent, &letter, &from))
            continue;
        if ((code = read_letter(agent, from, &letter)) != MPI_SUCCESS)
            return code;
    }
    return code;
}
