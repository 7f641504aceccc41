/* The root's side of the courier. */
#include "base/error.h"
#include "pool/courier.h"

#include <stdlib.h>

static int lost_on(const struct courier *courier, int node)
{
    return courier->survives ? rpi_star_lost(&courier->pool->world.star, node) : 0;
}

bool rpi_courier_note_nodes(struct courier *courier)
{
    const struct world *world = &courier->pool->world;
    size_t nodes = (size_t)world->nodes;
    courier->unfinished = world->nodes - 1;
    courier->errands.outposts = calloc(nodes, sizeof *courier->errands.outposts);
    courier->nodes = calloc(nodes, sizeof *courier->nodes);
    bool noted = courier->nodes != NULL && courier->errands.outposts != NULL;
    for (int node = 0; noted && node < world->nodes; node++) {
        struct served_node *served = &courier->nodes[node];
        int ranks = world->node_first[node + 1] - world->node_first[node];
        served->courier = -1;
        courier->errands.outposts[node].ranks = (uint32_t)(ranks - lost_on(courier, node));
        served->slots = rpi_station_slots((uint32_t)ranks);
        served->parcels = calloc(served->slots, sizeof(struct parcel *));
        noted = served->parcels != NULL;
    }
    courier->errands.tidings = noted;
    return noted;
}

void rpi_courier_forget_nodes(struct courier *courier)
{
    for (int node = 0; courier->nodes != NULL && node < courier->pool->world.nodes; node++)
        free(courier->nodes[node].parcels);
    free(courier->nodes);
    free(courier->errands.outposts);
}

void rpi_courier_send(struct courier *courier, int node, struct parcel *parcel)
{
    struct errands *errands = &courier->errands;
    parcel->node = node;
    pthread_mutex_lock(&errands->lock);
    rpi_parcels_add(&errands->out, parcel);
    pthread_mutex_unlock(&errands->lock);
}

struct parcel *rpi_courier_take(struct courier *courier)
{
    struct errands *errands = &courier->errands;
    pthread_mutex_lock(&errands->lock);
    struct parcel *parcel = rpi_parcels_take(&errands->back);
    pthread_mutex_unlock(&errands->lock);
    return parcel;
}

void rpi_courier_limit(struct courier *courier, int64_t limit)
{
    struct errands *errands = &courier->errands;
    pthread_mutex_lock(&errands->lock);
    if (limit < errands->limit)
        errands->limit = limit;
    pthread_mutex_unlock(&errands->lock);
}

void rpi_courier_close(struct courier *courier, bool stop)
{
    struct errands *errands = &courier->errands;
    pthread_mutex_lock(&errands->lock);
    errands->close = true;
    errands->stop = stop;
    pthread_mutex_unlock(&errands->lock);
}

/* Where letters to a node go. */
static int address_of(const struct courier *courier, int node)
{
    return courier->survives ? courier->nodes[node].courier : node;
}

/* The parcel stays in memory as it is until its results have come. */
static int send_parcel(struct courier *courier, struct parcel *parcel)
{
    struct served_node *node = &courier->nodes[parcel->node];
    int to = address_of(courier, parcel->node);
    for (parcel->place = 0; node->parcels[parcel->place] != NULL;)
        parcel->place++;
    node->parcels[parcel->place] = parcel;
    int code = rpi_courier_tell(courier, to,
                                (struct parcel_letter){.kind = PARCEL_OUT,
                                                       .place = parcel->place,
                                                       .first = parcel->first,
                                                       .items = parcel->items,
                                                       .attempt = parcel->attempt,
                                                       .deaths = parcel->deaths,
                                                       .bytes = parcel->area.used,
                                                       .large_bytes = parcel->large_bytes});
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, to, POST_OUTWARD, parcel->area.base,
                                parcel->area.used, &parcel->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, to, POST_OUTWARD, parcel->large,
                                parcel->large_bytes, &parcel->travelling);
    courier->moved = true;
    return code;
}

/* Nobody is there any more to send it to. */
static void keep_parcel(struct courier *courier, struct parcel *parcel)
{
    parcel->fate = PARCEL_UNTOUCHED;
    rpi_parcels_add(&courier->returning, parcel);
}

static int send_parcels(struct courier *courier)
{
    struct errands *errands = &courier->errands;
    int code = MPI_SUCCESS;
    pthread_mutex_lock(&errands->lock);
    struct parcel_list out = errands->out;
    errands->out = (struct parcel_list){NULL, NULL};
    pthread_mutex_unlock(&errands->lock);
    for (struct parcel *parcel; (parcel = rpi_parcels_take(&out)) != NULL;) {
        if (code != MPI_SUCCESS || courier->close_told)
            rpi_parcel_free(parcel);
        else if (courier->nodes[parcel->node].left)
            keep_parcel(courier, parcel);
        else
            code = send_parcel(courier, parcel);
    }
    return code;
}

/* A node that nobody has written for yet hears of it when somebody does. */
static int tell_nodes(struct courier *courier, struct parcel_letter letter)
{
    const struct world *world = &courier->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        int to = address_of(courier, node);
        if (node != world->node && !courier->nodes[node].finished && to >= 0)
            code = rpi_courier_tell(courier, to, letter);
    }
    return code;
}

static int tell_wishes(struct courier *courier)
{
    struct errands *errands = &courier->errands;
    pthread_mutex_lock(&errands->lock);
    int64_t limit = errands->limit;
    bool close = errands->close, stop = errands->stop;
    pthread_mutex_unlock(&errands->lock);
    int code = MPI_SUCCESS;
    if (limit < courier->limit_told && !courier->close_told)
        code = tell_nodes(courier, (struct parcel_letter){.kind = PARCEL_LIMIT, .limit = limit});
    courier->limit_told = limit;
    if (!close || courier->close_told || code != MPI_SUCCESS)
        return code;
    courier->close_told = true;
    courier->stop_told = stop;
    return tell_nodes(courier,
                      (struct parcel_letter){.kind = PARCEL_CLOSED, .stop = stop, .lost = -1});
}

int rpi_courier_lose(struct courier *courier, int node)
{
    courier->nodes[node].finished = true;
    courier->close_told = true;
    return tell_nodes(courier,
                      (struct parcel_letter){.kind = PARCEL_CLOSED, .stop = true, .lost = node});
}

/* Is nothing of it on its way any more? Where results have come over one connection inputs may
 * still be on their way over another, as far as MPI says. */
static bool has_arrived(const struct parcel *parcel)
{
    return parcel->travelling == 0 &&
           (parcel->answered == NULL || parcel->answered->travelling == 0);
}

static struct parcel *settle(struct courier *courier, struct parcel *arrived)
{
    if (arrived->answered == NULL)
        return arrived;
    rpi_station_lower_limit(courier->station, arrived->limit);
    courier->nodes[arrived->node].parcels[arrived->place] = NULL;
    return rpi_parcel_answer(arrived);
}

/* Hands over what has arrived, and wakes the root. */
static void hand_over(struct courier *courier)
{
    struct errands *errands = &courier->errands;
    bool any = false;
    for (struct parcel *parcel = courier->returning.head, *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        if (!has_arrived(parcel))
            continue;
        rpi_parcels_remove(&courier->returning, parcel);
        parcel = settle(courier, parcel);
        pthread_mutex_lock(&errands->lock);
        rpi_parcels_add(&errands->back, parcel);
        pthread_mutex_unlock(&errands->lock);
        any = true;
    }
    if (any)
        rpi_signal_all(&courier->station->news);
    courier->moved = courier->moved || any;
}

int rpi_courier_step_on_root(struct courier *courier)
{
    int code = send_parcels(courier);
    hand_over(courier);
    return code == MPI_SUCCESS ? tell_wishes(courier) : code;
}

/* Results arrive beside the inputs, which are needed again if they do not. */
static struct parcel *expect_results(struct courier *courier, struct parcel *parcel,
                                     const struct parcel_letter *letter)
{
    struct parcel *results = rpi_parcel_make();
    if (results != NULL && letter->large_bytes > 0)
        results->large = malloc(letter->large_bytes);
    if (results == NULL || (letter->large_bytes > 0 && results->large == NULL)) {
        rpi_parcel_free(results);
        rpi_courier_out_of_memory(courier, letter->large_bytes);
        return NULL;
    }
    results->answered = parcel;
    results->node = parcel->node;
    results->place = parcel->place;
    results->large_bytes = letter->large_bytes;
    results->area.used = letter->bytes;
    results->done = letter->done;
    results->limit = letter->limit;
    results->seconds = letter->seconds;
    results->hungry = letter->hungry;
    rpi_parcels_add(&courier->returning, results);
    return results;
}

static int take_results(struct courier *courier, struct parcel *parcel,
                        const struct parcel_letter *letter)
{
    int from = address_of(courier, parcel->node);
    struct parcel *results = expect_results(courier, parcel, letter);
    if (results == NULL)
        return MPI_ERR_NO_MEM;
    int code = rpi_post_expect(&courier->post, from, POST_HOMEWARD, results->area.base,
                               letter->bytes, &results->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_expect(&courier->post, from, POST_HOMEWARD, results->large,
                               letter->large_bytes, &results->travelling);
    return code;
}

static int take_back(struct courier *courier, int from, const struct parcel_letter *letter)
{
    struct served_node *node = &courier->nodes[from];
    struct parcel *parcel = node->parcels[letter->place];
    if (letter->fate == PARCEL_DONE)
        return take_results(courier, parcel, letter);
    node->parcels[letter->place] = NULL;
    parcel->fate = letter->fate;
    parcel->done = letter->done;
    rpi_parcels_add(&courier->returning, parcel);
    return MPI_SUCCESS;
}

/* What a node is to know that was told before anybody wrote for it. */
static int welcome(struct courier *courier, int node)
{
    int to = address_of(courier, node), code = MPI_SUCCESS;
    if (courier->limit_told < INT64_MAX)
        code = rpi_courier_tell(courier, to,
                                (struct parcel_letter){.kind = PARCEL_LIMIT,
                                                       .limit = courier->limit_told});
    if (!courier->close_told || code != MPI_SUCCESS)
        return code;
    return rpi_courier_tell(
        courier, to,
        (struct parcel_letter){.kind = PARCEL_CLOSED, .stop = courier->stop_told, .lost = -1});
}

int rpi_courier_read_on_root(struct courier *courier, int from, const struct parcel_letter *letter)
{
    switch (letter->kind) {
    case PARCEL_HELLO:
        return welcome(courier, from);
    case PARCEL_LIVING:
        courier->nodes[from].living = letter->ranks;
        return MPI_SUCCESS;
    case PARCEL_BACK:
        return take_back(courier, from, letter);
    case PARCEL_ALIVE:
        return rpi_courier_tell(courier, address_of(courier, from),
                                (struct parcel_letter){.kind = PARCEL_ALIVE});
    case PARCEL_STOP:
        rpi_board_stop(courier->pool->board);
        rpi_signal_all(&courier->station->news);
        return MPI_SUCCESS;
    case PARCEL_FINISHED:
        courier->nodes[from].finished = true;
        courier->unfinished--;
        return rpi_courier_tell(courier, address_of(courier, from),
                                (struct parcel_letter){.kind = PARCEL_OVER});
    default:
        return MPI_SUCCESS;
    }
}
