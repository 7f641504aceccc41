/* The root's side of the courier. */
#include "base/error.h"
#include "pool/courier.h"

#include <stdlib.h>

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

/* The parcel stays in memory as it is until its results have come. */
static int send_parcel(struct courier *courier, struct parcel *parcel)
{
    struct served_node *node = &courier->nodes[parcel->node];
    for (parcel->place = 0; node->parcels[parcel->place] != NULL;)
        parcel->place++;
    node->parcels[parcel->place] = parcel;
    int code = rpi_courier_tell(courier, parcel->node,
                                (struct parcel_letter){.kind = PARCEL_OUT,
                                                       .place = parcel->place,
                                                       .first = parcel->first,
                                                       .items = parcel->items,
                                                       .bytes = parcel->area.used,
                                                       .large_bytes = parcel->large_bytes});
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, parcel->node, POST_OUTWARD, parcel->area.base,
                                parcel->area.used, &parcel->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, parcel->node, POST_OUTWARD, parcel->large,
                                parcel->large_bytes, &parcel->travelling);
    courier->moved = true;
    return code;
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
        else
            code = send_parcel(courier, parcel);
    }
    return code;
}

static int tell_nodes(struct courier *courier, struct parcel_letter letter)
{
    const struct world *world = &courier->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node && !courier->nodes[node].finished)
            code = rpi_courier_tell(courier, node, letter);
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

/* Hands over what has arrived, and wakes the root. */
static void hand_over(struct courier *courier)
{
    struct errands *errands = &courier->errands;
    bool any = false;
    for (struct parcel *parcel = courier->returning.head, *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        if (parcel->travelling > 0)
            continue;
        rpi_parcels_remove(&courier->returning, parcel);
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

/* Results take the place of the inputs, which have left: the node had them to compute with. */
static int take_back(struct courier *courier, int from, const struct parcel_letter *letter)
{
    struct served_node *node = &courier->nodes[from];
    struct parcel *parcel = node->parcels[letter->place];
    char *large = letter->large_bytes > 0 ? malloc(letter->large_bytes) : NULL;
    if (letter->large_bytes > 0 && large == NULL) {
        rpi_courier_out_of_memory(courier, letter->large_bytes);
        return MPI_ERR_NO_MEM;
    }
    node->parcels[letter->place] = NULL;
    rpi_parcel_drop_large(parcel);
    parcel->large = large;
    parcel->large_bytes = letter->large_bytes;
    parcel->area.used = letter->bytes;
    parcel->done = letter->done;
    parcel->seconds = letter->seconds;
    parcel->hungry = letter->hungry;
    rpi_parcels_add(&courier->returning, parcel);
    rpi_station_lower_limit(courier->station, letter->limit);
    int code = rpi_post_expect(&courier->post, from, POST_HOMEWARD, parcel->area.base,
                               letter->bytes, &parcel->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_expect(&courier->post, from, POST_HOMEWARD, parcel->large,
                               letter->large_bytes, &parcel->travelling);
    return code;
}

int rpi_courier_read_on_root(struct courier *courier, int from, const struct parcel_letter *letter)
{
    switch (letter->kind) {
    case PARCEL_BACK:
        return take_back(courier, from, letter);
    case PARCEL_ALIVE:
        return rpi_courier_tell(courier, from, (struct parcel_letter){.kind = PARCEL_ALIVE});
    case PARCEL_STOP:
        rpi_board_stop(courier->pool->board);
        rpi_signal_all(&courier->station->news);
        return MPI_SUCCESS;
    case PARCEL_FINISHED:
        courier->nodes[from].finished = true;
        courier->unfinished--;
        return rpi_courier_tell(courier, from, (struct parcel_letter){.kind = PARCEL_OVER});
    default:
        return MPI_SUCCESS;
    }
}
