#include "pool/courier.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "pool/survival.h"
#include "pool/writer.h"
#include "world/mpi_error.h"

#include <math.h>
#include <stdlib.h>

/* How long a courier sleeps between steps: after one in which something moved; at the most. Every
 * waking costs some 8 us of a core that computes. */
static const double shortest_sleep = 0.1e-3, longest_sleep = 1e-3;

static bool on_root(const struct courier *courier)
{
    return courier->nodes != NULL;
}

int rpi_courier_tell(struct courier *courier, int to, struct parcel_letter letter)
{
    letter.job = courier->job;
    return rpi_post_letter(&courier->post, to, &letter);
}

void rpi_courier_out_of_memory(struct courier *courier, size_t bytes)
{
    rpi_error_set(&courier->error, RP_ERR_MEMORY,
                  "no memory for an item or result of %zu bytes of a stream", bytes);
}

void rpi_courier_stop_node(struct courier *courier)
{
    rpi_board_stop(courier->pool->board);
    rpi_signal_all(&courier->station->work);
    rpi_signal_all(&courier->station->news);
}

/* ---- who is silent too long ------------------------------------------------------------------ */

static void lose(struct courier *courier, int node)
{
    rpi_vigil_accuse(&courier->vigil, &courier->pool->world, node, &courier->error);
    courier->lost_at = rpi_clock_seconds();
    rpi_courier_stop_node(courier);
}

static int keep_vigil(struct courier *courier)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (!on_root(courier) && !courier->finish_told && rpi_vigil_speak(&courier->vigil, now))
        code = rpi_courier_tell(courier, courier->root_at,
                                (struct parcel_letter){.kind = PARCEL_ALIVE});
    int silent = isinf(courier->lost_at) ? rpi_vigil_silent(&courier->vigil, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    lose(courier, silent);
    return on_root(courier) ? rpi_courier_lose(courier, silent) : MPI_SUCCESS;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int read_letter(struct courier *courier, int from, const struct parcel_letter *letter)
{
    if (letter->job != courier->job)
        return MPI_SUCCESS;
    rpi_vigil_hear(&courier->vigil, from, rpi_clock_seconds());
    if (letter->kind == PARCEL_FINISHED)
        rpi_vigil_dismiss(&courier->vigil, from);
    if (letter->kind == PARCEL_CLOSED && letter->stop && letter->lost >= 0)
        lose(courier, letter->lost);
    return on_root(courier) ? rpi_courier_read_on_root(courier, from, letter)
                            : rpi_courier_read_on_node(courier, letter);
}

/* Over wires letters are from ranks. Is this one of the rank that writes for its node? */
static bool is_from_courier(struct courier *courier, const struct parcel_letter *letter, int *from)
{
    int rank = *from;
    if (!courier->survives)
        return true;
    *from = courier->pool->world.node_of[rank];
    return !on_root(courier) || (letter->job == courier->job && rpi_courier_hear(courier, rank));
}

static int read_letters(struct courier *courier)
{
    struct parcel_letter letter;
    int from, code;
    while ((code = rpi_post_next(&courier->post, &from, &letter)) == MPI_SUCCESS && from >= 0) {
        courier->moved = true;
        if (!is_from_courier(courier, &letter, &from))
            continue;
        if ((code = read_letter(courier, from, &letter)) != MPI_SUCCESS)
            return code;
    }
    return code;
}

static int take_step(struct courier *courier)
{
    int code = rpi_post_step(&courier->post);
    if (code == MPI_SUCCESS)
        code = read_letters(courier);
    if (code == MPI_SUCCESS)
        code = on_root(courier) ? rpi_courier_step_on_root(courier)
                                : rpi_courier_step_on_node(courier);
    if (courier->survives && on_root(courier))
        rpi_courier_look(courier);
    return code == MPI_SUCCESS ? keep_vigil(courier) : code;
}

/* Where MPI or memory fails nothing more can be told or heard. */
static void check(struct courier *courier, int code)
{
    if (courier->over || code == MPI_SUCCESS)
        return;
    if (courier->error.status == RP_OK)
        rpi_mpi_check(code, "MPI between nodes", &courier->error);
    rpi_courier_stop_node(courier);
    courier->over = true;
}

static bool served(const struct courier *courier)
{
    bool told =
        on_root(courier) ? courier->close_told && courier->unfinished == 0 : courier->dismissed;
    return told && rpi_post_idle(&courier->post);
}

/* Returns how long to sleep. */
static double step(struct courier *courier)
{
    const double farewell = 0.1;
    courier->moved = false;
    check(courier, take_step(courier));
    if (served(courier))
        courier->over = true;
    /* What is still to be told when a node is lost gets a moment to leave. */
    if (!isinf(courier->lost_at) && rpi_clock_seconds() - courier->lost_at > farewell)
        courier->over = true;
    double longer = courier->sleep * 1.5;
    courier->sleep = courier->moved           ? shortest_sleep
                     : longer < longest_sleep ? longer
                                              : longest_sleep;
    return courier->sleep;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void *attend(void *argument)
{
    struct courier *courier = argument;
    while (!courier->over)
        rpi_sleep(step(courier));
    return NULL;
}

double rpi_courier_attend(struct courier *courier)
{
    double now = rpi_clock_seconds();
    if (courier->threaded || courier->over)
        return INFINITY;
    if (now >= courier->next_step)
        courier->next_step = now + step(courier);
    return courier->next_step - now;
}

static rp_status furnish(struct courier *courier, rp_error *error)
{
    const struct world *world = &courier->pool->world;
    bool root = world->rank == world->root;
    double silence = courier->survives ? 0 : courier->pool->silence_seconds; /* wires tell */
    if (!courier->survives &&
        rpi_post_open(&courier->post, world->agents, sizeof(struct parcel_letter), error) != RP_OK)
        return error->status;
    if (!rpi_vigil_begin(&courier->vigil, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to watch %d nodes", world->nodes);
    bool made =
        root ? rpi_courier_note_nodes(courier)
             : rpi_supplier_make(&courier->supplier, courier->station, (uint32_t)world->node_rank);
    if (!made)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the courier of a node");
    return RP_OK;
}

rp_status rpi_courier_make(rp_pool *pool, struct station *station, struct courier **courier,
                           rp_error *error)
{
    *courier = NULL;
    if (pool->world.nodes == 1 || !rpi_may_write(pool))
        return RP_OK;
    struct courier *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the courier of a node");
    made->pool = pool;
    made->job = pool->world.meeting.number;
    made->station = station;
    made->survives = pool->in_rounds;
    made->root_at = made->survives ? pool->world.root : pool->world.root_node;
    made->lost_at = INFINITY;
    made->sleep = shortest_sleep;
    made->limit_told = made->errands.limit = INT64_MAX;
    pthread_mutex_init(&made->errands.lock, NULL);
    rpi_error_clear(&made->error);
    if (furnish(made, error) != RP_OK) {
        rpi_courier_drop(made);
        return error->status;
    }
    *courier = made;
    return RP_OK;
}

struct courier *rpi_courier_elect(struct courier *courier)
{
    if (courier == NULL || rpi_writes(courier->pool))
        return courier;
    rpi_courier_drop(courier);
    return NULL;
}

/* Who lives on this node is for its supplier to know. */
static void begin_by_wire(struct courier *courier)
{
    rp_pool *pool = courier->pool;
    rpi_post_open_wired(&courier->post, &pool->world.star.wires, sizeof(struct parcel_letter));
    if (on_root(courier))
        return;
    rpi_supplier_attend(&courier->supplier, pool->board, rpi_survival_attend, pool);
    check(courier, rpi_courier_tell(courier, courier->root_at,
                                    (struct parcel_letter){.kind = PARCEL_HELLO}));
}

void rpi_courier_begin(struct courier *courier)
{
    if (courier == NULL)
        return;
    if (courier->survives)
        begin_by_wire(courier);
    rpi_vigil_watch(&courier->vigil, &courier->pool->world, rpi_clock_seconds());
    courier->threaded =
        courier->pool->agent_threads && rpi_thread_start(&courier->thread, attend, courier) == 0;
}

void rpi_courier_end(struct courier *courier, struct ballot *ballot)
{
    if (courier == NULL)
        return;
    if (courier->threaded)
        pthread_join(courier->thread, NULL);
    else
        attend(courier);
    ballot->cut_off = !isinf(courier->lost_at);
    if (courier->error.status != RP_OK && (ballot->error.status == RP_OK || ballot->cut_off))
        ballot->error = courier->error;
    courier->pool->traffic.letters += courier->post.letters_sent;
    courier->pool->traffic.bytes += courier->post.bytes_sent;
}

/* What MPI may still move, after a failure, stays where it is. */
static void free_parcels(struct courier *courier)
{
    if (!rpi_post_idle(&courier->post))
        return;
    for (int node = 0; courier->nodes != NULL && node < courier->pool->world.nodes; node++) {
        struct served_node *served = &courier->nodes[node];
        for (uint32_t i = 0; served->parcels != NULL && i < served->slots; i++)
            rpi_parcel_free(served->parcels[i]);
    }
    rpi_parcels_free(&courier->errands.out);
    rpi_parcels_free(&courier->errands.back);
    rpi_parcels_free(&courier->returning);
    rpi_parcels_free(&courier->arriving);
    rpi_parcels_free(&courier->leaving);
    rpi_supplier_drop(&courier->supplier);
}

void rpi_courier_drop(struct courier *courier)
{
    if (courier == NULL)
        return;
    free_parcels(courier);
    rpi_courier_forget_nodes(courier);
    pthread_mutex_destroy(&courier->errands.lock);
    rpi_vigil_end(&courier->vigil);
    rpi_post_close(&courier->post);
    free(courier);
}
