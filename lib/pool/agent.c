#include "pool/agent.h"

#include "base/clock.h"
#include "base/error.h"
#include "pool/rhythm.h"
#include "world/mpi_error.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* A node asks for a batch when what it has lasts no longer than so many deliveries of one, and a bit. */
static const double deliveries = 2, bit = 1e-3;

static int place_of(const struct agent *agent, enum batch_state state)
{
    int place = 0;
    while (place < RESERVOIRS && agent->batches[place].state != state)
        place++;
    return place < RESERVOIRS ? place : -1;
}

static int places_with(const struct agent *agent, enum batch_state state)
{
    int places = 0;
    for (int i = 0; i < RESERVOIRS; i++)
        places += agent->batches[i].state == state;
    return places;
}

/* Is there a batch that was at hand in deaths, and is not done? */
static bool suspected(const struct agent *agent)
{
    bool suspected = false;
    for (int i = 0; i < RESERVOIRS && !suspected; i++)
        suspected = agent->batches[i].state != BATCH_NONE && agent->batches[i].attempt > 0;
    return suspected;
}

static int tell(struct agent *agent, struct letter letter)
{
    letter.job = agent->job;
    return rpi_post_letter(&agent->post, agent->dispatcher_at, &letter);
}

static char *staged(const struct agent *agent, int place, int index, int64_t element)
{
    return rpi_stage_at(agent->pool, &agent->staging, place, index, element);
}

/* ---- batches coming in ------------------------------------------------------------------------ */

static int expect_inputs(struct agent *agent, int place, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code =
                rpi_post_expect(&agent->post, agent->dispatcher_at, POST_OUTWARD,
                                staged(agent, place, i, 0),
                                (size_t)batch->items * agent->arrays[i].size, &batch->travelling);
    }
    return code;
}

static int accept_batch(struct agent *agent, const struct letter *letter)
{
    const double weight = 0.3;
    int place = place_of(agent, BATCH_NONE);
    agent->batches_come++;
    agent->batches[place] = (struct batch){.state = BATCH_ARRIVING,
                                           .units = letter->units,
                                           .attempt = (uint32_t)letter->attempt,
                                           .first = letter->first,
                                           .items = letter->items};
    if (agent->requested > 0) {
        agent->requested--;
        double took = rpi_clock_seconds() - agent->asked;
        agent->delivery += weight * (took - agent->delivery);
    }
    int status = agent->status_array;
    if (status >= 0 && agent->staging.staged[status])
        memset(staged(agent, place, status, 0), RP_ERR_CANCELLED, (size_t)letter->items);
    return expect_inputs(agent, place, letter->arrays);
}

static void close_board(struct agent *agent)
{
    if (agent->closing && !agent->closed && place_of(agent, BATCH_ARRIVING) < 0) {
        agent->closed = true;
        rpi_board_close(agent->board);
    }
}

/* Nothing more can come of the job. */
static void lose(struct agent *agent, int node)
{
    const struct world *world = &agent->pool->world;
    rpi_error_set(&agent->error, RP_ERR_LOST, "node %d (%s) has not answered for %g s", node,
                  world->hosts[node], agent->vigil.limit);
    memcpy(agent->error.host, world->hosts[node], sizeof agent->error.host);
    for (int rank = world->ranks - 1; rank >= 0; rank--) {
        if (world->node_of[rank] == node)
            agent->error.rank = rank;
    }
    agent->lost_at = rpi_clock_seconds();
    rpi_board_stop(agent->board);
}

/* Asks who writes for a node, if somebody looks. */
static int ask_for_news_at(struct agent *agent, int address)
{
    struct letter letter;
    bool wanted = rpi_news_wanted(agent->pool, &letter);
    letter.job = agent->job;
    return wanted ? rpi_post_letter(&agent->post, address, &letter) : MPI_SUCCESS;
}

/* Where ranks survive, the first letter of each node. */
static int greet(struct agent *agent, int node, const struct letter *letter)
{
    int code = rpi_dispatcher_read(agent->dispatcher, &agent->post, node, letter);
    bool other = node != agent->pool->world.node;
    if (code == MPI_SUCCESS && other)
        code = ask_for_news_at(agent, agent->dispatcher->nodes[node].agent);
    return code;
}

static int read_letter(struct agent *agent, int from, const struct letter *letter)
{
    if (letter->job != agent->job)
        return MPI_SUCCESS;
    rpi_vigil_hear(&agent->vigil, from, rpi_clock_seconds());
    if (letter->kind == LETTER_FINISHED) {
        rpi_vigil_dismiss(&agent->vigil, from);
        rpi_news_read(&agent->news, agent->pool, from, letter);
    }
    if (letter->kind == LETTER_ALIVE && agent->dispatcher == NULL)
        return MPI_SUCCESS;
    if (letter->kind == LETTER_PROGRESS) {
        rpi_news_read(&agent->news, agent->pool, from, letter);
        return MPI_SUCCESS;
    }
    if (letter->kind == LETTER_BATCH)
        return accept_batch(agent, letter);
    if (letter->kind == LETTER_OVER) {
        agent->dismissed = true;
        return MPI_SUCCESS;
    }
    if (letter->kind == LETTER_HELLO)
        return greet(agent, from, letter);
    if (letter->kind != LETTER_CLOSED)
        return rpi_dispatcher_read(agent->dispatcher, &agent->post, from, letter);
    agent->closing = true;
    agent->exhausted = agent->exhausted || !letter->stop;
    agent->requested = 0;
    if (letter->stop) {
        agent->stop_told = true;
        rpi_board_stop(agent->board);
        if (letter->lost >= 0)
            lose(agent, letter->lost);
    }
    return MPI_SUCCESS;
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

static int read_letters(struct agent *agent)
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

/* ---- results going out ------------------------------------------------------------------------ */

static int ship_items(struct agent *agent, int place, rp_range within, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = tell(agent, (struct letter){.kind = LETTER_RESULT,
                                           .first = batch->first + within.begin,
                                           .items = within.end - within.begin,
                                           .arrays = arrays});
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code = rpi_post_payload(&agent->post, agent->dispatcher_at, POST_HOMEWARD,
                                    staged(agent, place, i, within.begin),
                                    (size_t)(within.end - within.begin) * agent->arrays[i].size,
                                    &batch->travelling);
    }
    return code;
}

/* The next run of items whose results are there, from `begin` on; empty if there is none. */
static rp_range next_good(const uint8_t *statuses, int64_t begin, int64_t items)
{
    while (begin < items && statuses[begin] != RP_OK)
        begin++;
    rp_range run = {begin, begin};
    while (run.end < items && statuses[run.end] == RP_OK)
        run.end++;
    return run;
}

/* What ranks died of counts as lost. */
static void note_given_up(struct agent *agent, int place)
{
    const struct batch *batch = &agent->batches[place];
    struct span lost = {0, 0};
    while (rpi_estate_next_given_up(rpi_board_estate(agent->board), &lost)) {
        rp_range items = units_to_items(&agent->units, lost);
        if (batch->units.low <= lost.low && lost.high <= batch->units.high)
            memset(staged(agent, place, agent->status_array, items.begin - batch->first),
                   RP_ERR_LOST, (size_t)(items.end - items.begin));
    }
}

/* Statuses of all items, results of those that have some. */
static int ship_results(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    if (agent->survives)
        note_given_up(agent, place);
    const uint8_t *statuses = (uint8_t *)staged(agent, place, agent->status_array, 0);
    rp_range run = next_good(statuses, 0, batch->items);
    if (run.end - run.begin == batch->items)
        return ship_items(agent, place, run, agent->results | agent->statuses);
    int code = MPI_SUCCESS;
    if (agent->statuses != 0)
        code = ship_items(agent, place, (rp_range){0, batch->items}, agent->statuses);
    while (run.begin < run.end && agent->results != 0 && code == MPI_SUCCESS) {
        code = ship_items(agent, place, run, agent->results);
        run = next_good(statuses, run.end, batch->items);
    }
    return code;
}

/* Ships what the root is to have of a batch. */
static int ship(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    batch->state = BATCH_SHIPPING;
    if (agent->status_array < 0 || !agent->staging.staged[agent->status_array])
        return MPI_SUCCESS;
    int code = ship_results(agent, place);
    if (code == MPI_SUCCESS && agent->survives)
        code = tell(agent, (struct letter){.kind = LETTER_DELIVERED, .units = batch->units});
    return code;
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* Will nobody touch the batch any more? With results to ship all of it must be finished or, once a rank
 * gave up, all lanes have left. */
static bool used_up(const struct agent *agent, int place)
{
    struct board *board = agent->board;
    /* What was at hand in deaths stays known as that until it is done, or left for another round. */
    bool holds = agent->batches[place].attempt > 0 && !agent->closing;
    if (!staging_needed(&agent->staging))
        return board_stopped(board) ||
               (rpi_board_drawn(board, place) && (!holds || rpi_board_accounted(board, place)));
    return rpi_board_finished(board, place) || rpi_board_left(board);
}

static int advance(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    if (batch->state == BATCH_ARRIVING && batch->travelling == 0) {
        batch->state = BATCH_OFFERED;
        rpi_board_suspect(agent->board, place, batch->attempt);
        rpi_board_supply(agent->board, place, batch->units);
        if (agent->survives)
            rpi_board_account(agent->board, place, batch->units, staging_needed(&agent->staging));
    }
    if (batch->state == BATCH_OFFERED && used_up(agent, place))
        code = ship(agent, place);
    if (batch->state == BATCH_SHIPPING && batch->travelling == 0) {
        batch->state = BATCH_NONE;
        rpi_board_forget(agent->board, place);
    }
    return code;
}

/* How long what the node has will last, in seconds. With a rank idle: nothing at all. */
static double supply_lasts(struct agent *agent)
{
    struct board *board = agent->board;
    uint64_t waiting = rpi_board_waiting(board), in_hand = rpi_board_in_hand(board);
    uint64_t issued = board_issued(board);
    if (waiting + in_hand <= issued)
        rpi_speed_learn(&agent->speed, rpi_clock_seconds(), (uint32_t)(issued - waiting - in_hand));
    if (waiting == 0 && rpi_board_idle(board) > 0)
        return 0;
    double units = (double)waiting + (double)in_hand / 2;
    return agent->speed.units_per_second > 0 ? units / agent->speed.units_per_second : INFINITY;
}

/* Asks for as many batches as there is room for, as long as what there is does not last. */
static int ask(struct agent *agent, double lasts)
{
    bool room = agent->requested < places_with(agent, BATCH_NONE);
    double covered = deliveries * agent->delivery + bit;
    if (agent->closing || board_stopped(agent->board) || !room || lasts > covered)
        return MPI_SUCCESS;
    if (agent->survives && !rpi_estate_issue_room(rpi_board_estate(agent->board)))
        return MPI_SUCCESS; /* so many batches that no more can be accounted for */
    /* Another batch before the last has come is worth asking for only where they are small. */
    if (agent->requested > 0 && !staging_needed(&agent->staging))
        return MPI_SUCCESS;
    if (agent->dispatcher == NULL && suspected(agent))
        return MPI_SUCCESS;
    agent->requested++;
    agent->asked = rpi_clock_seconds();
    return tell(agent, (struct letter){.kind = LETTER_REQUEST,
                                       .speed = agent->speed.units_per_second,
                                       .seconds = covered});
}

static int tell_stop(struct agent *agent)
{
    if (agent->stop_told || agent->finish_told || !board_stopped(agent->board))
        return MPI_SUCCESS;
    agent->stop_told = true;
    return tell(agent, (struct letter){.kind = LETTER_STOP});
}

/* Once a node has died as a whole, nobody can say any more which of its ranks had what in hand. */
static int tell_deaths(struct agent *agent)
{
    struct estate *estate = rpi_board_estate(agent->board);
    const struct living *living = &agent->pool->world.living;
    int settled = rpi_estate_settled(estate), code = MPI_SUCCESS;
    bool tells = agent->survives && agent->dispatcher == NULL && settled > agent->deaths_told;
    for (uint32_t lane = 0; lane < estate->lanes && tells && code == MPI_SUCCESS; lane++) {
        struct letter letter = {.kind = LETTER_DIED, .first = rpi_living_rank(living, (int)lane)};
        if (rpi_estate_hand(estate, lane, &letter.units))
            code = tell(agent, letter);
    }
    agent->deaths_told = settled;
    if (tells) {
        rpi_estate_tell(estate, settled);
        rpi_signal_all(&agent->board->signal);
    }
    return code;
}

/* The last letter is sent when no batch can come any more and all results are on their way. */
static int tell_finish(struct agent *agent)
{
    bool done = rpi_board_done(agent->board) || board_stopped(agent->board);
    bool empty = places_with(agent, BATCH_NONE) == RESERVOIRS;
    if (agent->finish_told || !agent->closed || !done || !empty)
        return MPI_SUCCESS;
    agent->finish_told = true;
    return tell(agent, (struct letter){.kind = LETTER_FINISHED,
                                       .tally = rpi_news_tally(&agent->news, agent->board)});
}

/* Gives signs of life, and notices who gives none. */
static int keep_vigil(struct agent *agent)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (agent->dispatcher == NULL && !agent->finish_told && rpi_vigil_speak(&agent->vigil, now))
        code = tell(agent, (struct letter){.kind = LETTER_ALIVE});
    int silent = isinf(agent->lost_at) ? rpi_vigil_silent(&agent->vigil, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    lose(agent, silent);
    return agent->dispatcher != NULL ? rpi_dispatcher_lose(agent->dispatcher, &agent->post, silent)
                                     : MPI_SUCCESS;
}

/* After its last letter a node is silent. */
static int tell_news(struct agent *agent)
{
    struct letter letter;
    bool due = !agent->finish_told &&
               rpi_news_due(&agent->news, agent->board, rpi_clock_seconds(), &letter);
    return due ? tell(agent, letter) : MPI_SUCCESS;
}

static int ask_for_news(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node)
            code = ask_for_news_at(agent, node);
    }
    return code;
}

/* Without the root there is nothing to go on for; without other nodes there is. */
static int look_after_others(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    if (!agent->survives)
        return MPI_SUCCESS;
    if (agent->dispatcher != NULL)
        return rpi_dispatcher_look(agent->dispatcher, &agent->post);
    if (!rpi_wires_whole(&world->star.wires, world->root)) {
        rpi_board_stop(agent->board);
        agent->over = true;
    }
    return MPI_SUCCESS;
}

static int take_step(struct agent *agent, double *sleep)
{
    int code = rpi_post_step(&agent->post);
    if (code == MPI_SUCCESS)
        code = read_letters(agent);
    if (code == MPI_SUCCESS)
        code = look_after_others(agent);
    for (int i = 0; i < RESERVOIRS && code == MPI_SUCCESS; i++)
        code = advance(agent, i);
    close_board(agent);
    double lasts = supply_lasts(agent);
    if (code == MPI_SUCCESS)
        code = tell_stop(agent);
    if (code == MPI_SUCCESS)
        code = tell_deaths(agent);
    if (code == MPI_SUCCESS)
        code = ask(agent, lasts);
    if (code == MPI_SUCCESS)
        code = tell_news(agent);
    if (code == MPI_SUCCESS)
        code = tell_finish(agent);
    if (code == MPI_SUCCESS)
        code = keep_vigil(agent);
    bool awaited = agent->finish_told || (agent->requested > 0 && lasts <= 0);
    *sleep = rpi_rhythm_sleep(&(struct rhythm){.moving = !rpi_post_idle(&agent->post),
                                               .awaited = awaited,
                                               .lasts = lasts,
                                               .dispatches = agent->dispatcher != NULL,
                                               .silence = rpi_clock_seconds() - agent->heard});
    return code;
}

/* Where MPI fails nothing more can be told or heard. */
static void check(struct agent *agent, int code)
{
    if (agent->over || rpi_mpi_check(code, "MPI between nodes", &agent->error) == RP_OK)
        return;
    rpi_board_stop(agent->board);
    agent->over = true;
}

static double step(struct agent *agent)
{
    const double farewell = 0.1;
    double sleep = 0;
    check(agent, take_step(agent, &sleep));
    bool served = agent->dispatcher == NULL || rpi_dispatcher_over(agent->dispatcher);
    if (agent->dismissed && served && rpi_post_idle(&agent->post))
        agent->over = true;
    /* What is still to be told when a node is lost gets a moment to leave. */
    if (!isinf(agent->lost_at) && rpi_clock_seconds() - agent->lost_at > farewell)
        agent->over = true;
    return sleep;
}

/* ---- life ------------------------------------------------------------------------------------- */

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
    if (now >= agent->next_step)
        agent->next_step = now + step(agent);
    return agent->next_step - now;
}

/* Signals are for the program's own threads. */
static bool start_thread(struct agent *agent)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&agent->thread, NULL, live, agent) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void describe_job(struct agent *agent, const struct agent_job *job)
{
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
    double silence = agent->survives ? 0 : pool->silence_seconds; /* wires tell */
    if (!agent->survives &&
        rpi_post_open(&agent->post, world->agents, sizeof(struct letter), error) != RP_OK)
        return error->status;
    agent->delivery += 2 * agent->post.delay;
    if (!rpi_vigil_begin(&agent->vigil, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to watch %d nodes", world->nodes);
    if (world->rank != world->root)
        return RP_OK;
    agent->dispatcher = rpi_dispatcher_make(pool, job->arrays, job->count, job->staging, job->job);
    if (agent->dispatcher == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to %d nodes",
                             world->nodes);
    return RP_OK;
}

/* May this rank have the agent of its node? */
static bool eligible(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    if (!pool->in_rounds || world->node == world->root_node)
        return world->agents != MPI_COMM_NULL && (!pool->in_rounds || world->rank == world->root);
    return true;
}

rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error)
{
    const double first_delivery = 2e-3;
    *agent = NULL;
    if (!eligible(pool))
        return RP_OK;
    struct agent *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the agent of a node");
    made->pool = pool;
    made->board = pool->board;
    made->job = job_number(pool);
    made->survives = pool->in_rounds;
    made->dispatcher_at = made->survives ? pool->world.root : pool->world.root_node;
    made->units = job->job->units;
    /* A node that begins with nothing is sent its first batch unasked, where it is known who writes for it. */
    made->requested = job->job->begun == 0 && !made->survives;
    made->asked = made->heard = rpi_clock_seconds();
    made->speed = rpi_speed_start(made->asked);
    made->delivery = first_delivery;
    made->lost_at = INFINITY;
    rpi_error_clear(&made->error);
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
    rpi_vigil_end(&agent->vigil);
    rpi_news_end(&agent->news);
    rpi_dispatcher_drop(agent->dispatcher);
    rpi_post_close(&agent->post);
    free(agent);
}

struct agent *rpi_agent_elect(struct agent *agent)
{
    if (agent == NULL || !agent->survives)
        return agent;
    const struct world *world = &agent->pool->world;
    if (rpi_meeting_led_by(&world->meeting) == world->node_rank)
        return agent;
    rpi_agent_drop(agent);
    return NULL;
}

/* The root's agent watches those of all other nodes, and they watch it. */
static void watch(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    double now = rpi_clock_seconds();
    for (int node = 0; node < world->nodes; node++) {
        if (node != world->node && (agent->dispatcher != NULL || node == world->root_node))
            rpi_vigil_watch(&agent->vigil, node, now);
    }
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
        check(agent, tell(agent, (struct letter){.kind = LETTER_HELLO}));
    } else if (agent->dispatcher != NULL) {
        check(agent, rpi_dispatcher_open(agent->dispatcher, &agent->post));
        check(agent, ask_for_news(agent));
    }
    watch(agent);
    agent->threaded = agent->pool->agent_threads && start_thread(agent);
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
