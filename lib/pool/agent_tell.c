/* What an agent tells the dispatcher, each thing when it is due. */
#include "pool/agent.h"

#include "base/clock.h"

int rpi_agent_tell(struct agent *agent, struct letter letter)
{
    letter.job = agent->job;
    return rpi_post_letter(&agent->post, agent->dispatcher_at, &letter);
}

int rpi_agent_tell_stop(struct agent *agent)
{
    if (agent->stop_told || agent->finish_told || !board_stopped(agent->board))
        return MPI_SUCCESS;
    agent->stop_told = true;
    return rpi_agent_tell(agent, (struct letter){.kind = LETTER_STOP});
}

/* Once a node has died as a whole, nobody can say any more which of its ranks had what in hand. */
int rpi_agent_tell_deaths(struct agent *agent)
{
    struct estate *estate = rpi_board_estate(agent->board);
    const struct living *living = &agent->pool->world.living;
    int settled = rpi_estate_settled(estate), code = MPI_SUCCESS;
    bool tells = agent->survives && agent->dispatcher == NULL && settled > agent->deaths_told;
    for (uint32_t lane = 0; lane < estate->lanes && tells && code == MPI_SUCCESS; lane++) {
        struct letter letter = {.kind = LETTER_DIED, .first = rpi_living_rank(living, (int)lane)};
        if (rpi_estate_hand(estate, lane, &letter.units))
            code = rpi_agent_tell(agent, letter);
    }
    agent->deaths_told = settled;
    if (tells) {
        rpi_estate_tell(estate, settled);
        rpi_signal_all(&agent->board->signal);
    }
    return code;
}

/* The last letter is sent when no batch can come any more and all results are on their way. */
int rpi_agent_tell_finish(struct agent *agent)
{
    bool done = rpi_board_done(agent->board) || board_stopped(agent->board);
    bool empty = rpi_agent_places(agent, BATCH_NONE) == RESERVOIRS;
    if (agent->finish_told || !agent->closed || !done || !empty)
        return MPI_SUCCESS;
    agent->finish_told = true;
    return rpi_agent_tell(agent,
                          (struct letter){.kind = LETTER_FINISHED,
                                          .tally = rpi_news_tally(&agent->news, agent->board)});
}

/* After its last letter a node is silent. */
int rpi_agent_tell_news(struct agent *agent)
{
    struct letter letter;
    bool due = !agent->finish_told &&
               rpi_news_due(&agent->news, agent->board, rpi_clock_seconds(), &letter);
    return due ? rpi_agent_tell(agent, letter) : MPI_SUCCESS;
}

int rpi_agent_ask_for_news(struct agent *agent, int address)
{
    struct letter letter;
    bool wanted = rpi_news_wanted(agent->pool, &letter);
    letter.job = agent->job;
    return wanted ? rpi_post_letter(&agent->post, address, &letter) : MPI_SUCCESS;
}

int rpi_agent_ask_all_for_news(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node)
            code = rpi_agent_ask_for_news(agent, node);
    }
    return code;
}
