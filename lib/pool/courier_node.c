/* The courier's side on other nodes than the root's: it supplies the station of its node. */
#include "base/clock.h"
#include "pool/courier.h"

#include <stdlib.h>

static int accept_parcel(struct courier *courier, const struct parcel_letter *letter)
{
    struct parcel *parcel = rpi_parcel_make();
    if (parcel != NULL && letter->large_bytes > 0)
        parcel->large = malloc(letter->large_bytes);
    if (parcel == NULL || (letter->large_bytes > 0 && parcel->large == NULL)) {
        rpi_parcel_free(parcel);
        rpi_courier_out_of_memory(courier, letter->large_bytes);
        return MPI_ERR_NO_MEM;
    }
    parcel->first = letter->first;
    parcel->items = letter->items;
    parcel->place = letter->place;
    parcel->attempt = letter->attempt;
    parcel->deaths = letter->deaths;
    parcel->area.used = letter->bytes;
    parcel->large_bytes = letter->large_bytes;
    rpi_parcels_add(&courier->arriving, parcel);
    int code = rpi_post_expect(&courier->post, courier->root_at, POST_OUTWARD, parcel->area.base,
                               letter->bytes, &parcel->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_expect(&courier->post, courier->root_at, POST_OUTWARD, parcel->large,
                               letter->large_bytes, &parcel->travelling);
    return code;
}

static int close_node(struct courier *courier, const struct parcel_letter *letter)
{
    if (letter->stop) {
        courier->stop_told = true;
        rpi_board_stop(courier->pool->board);
        rpi_signal_all(&courier->station->work);
    }
    rpi_station_close(courier->station);
    courier->finish_told = true;
    return rpi_courier_tell(courier, courier->root_at,
                            (struct parcel_letter){.kind = PARCEL_FINISHED});
}

int rpi_courier_read_on_node(struct courier *courier, const struct parcel_letter *letter)
{
    switch (letter->kind) {
    case PARCEL_OUT:
        return accept_parcel(courier, letter);
    case PARCEL_LIMIT:
        rpi_station_lower_limit(courier->station, letter->limit);
        return MPI_SUCCESS;
    case PARCEL_CLOSED:
        return close_node(courier, letter);
    case PARCEL_OVER:
        courier->dismissed = true;
        return MPI_SUCCESS;
    default:
        return MPI_SUCCESS;
    }
}

/* In the order in which they were sent: one may overtake another in MPI, but items should not. */
static void supply(struct courier *courier)
{
    struct parcel *parcel;
    while ((parcel = courier->arriving.head) != NULL && parcel->travelling == 0 &&
           !supplier_full(&courier->supplier)) {
        rpi_parcels_remove(&courier->arriving, parcel);
        rpi_supplier_put(&courier->supplier, parcel);
        courier->moved = true;
    }
}

static int send_back(struct courier *courier, struct parcel *parcel)
{
    int root = courier->root_at;
    bool done = parcel->fate == PARCEL_DONE; /* otherwise the root has the inputs */
    size_t bytes = done ? parcel->area.used : 0, large_bytes = done ? parcel->large_bytes : 0;
    uint32_t hungry = atomic_exchange_explicit(&courier->station->hungry, 0, memory_order_relaxed);
    rpi_parcels_add(&courier->leaving, parcel);
    courier->moved = true;
    int code = rpi_courier_tell(courier, root,
                                (struct parcel_letter){.kind = PARCEL_BACK,
                                                       .place = parcel->place,
                                                       .done = parcel->done,
                                                       .fate = parcel->fate,
                                                       .bytes = bytes,
                                                       .large_bytes = large_bytes,
                                                       .seconds = parcel->seconds,
                                                       .limit = parcel->limit,
                                                       .hungry = hungry != 0});
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, root, POST_HOMEWARD, parcel->area.base, bytes,
                                &parcel->travelling);
    if (code == MPI_SUCCESS)
        code = rpi_post_payload(&courier->post, root, POST_HOMEWARD, parcel->large, large_bytes,
                                &parcel->travelling);
    return code;
}

static int send_all_back(struct courier *courier)
{
    int code = MPI_SUCCESS;
    struct parcel *parcel;
    while (code == MPI_SUCCESS && !courier->finish_told) {
        if (rpi_supplier_take(&courier->supplier, &parcel, &courier->error) != RP_OK)
            return MPI_ERR_NO_MEM;
        if (parcel == NULL)
            break;
        code = send_back(courier, parcel);
    }
    return code;
}

static void free_gone(struct courier *courier)
{
    for (struct parcel *parcel = courier->leaving.head, *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        if (parcel->travelling > 0)
            continue;
        rpi_parcels_remove(&courier->leaving, parcel);
        rpi_parcel_free(parcel);
    }
}

static int tell_stop(struct courier *courier)
{
    if (courier->stop_told || courier->finish_told || !board_stopped(courier->pool->board))
        return MPI_SUCCESS;
    courier->stop_told = true;
    return rpi_courier_tell(courier, courier->root_at, (struct parcel_letter){.kind = PARCEL_STOP});
}

/* The root is to know which rank it was if the next one to die is the last. Only when it does that
 * one takes what may have ended the others. */
static int tell_living(struct courier *courier)
{
    struct station *station = courier->station;
    uint32_t living = station->lanes - courier->supplier.buried;
    if (living == courier->living_told)
        return MPI_SUCCESS;
    courier->living_told = living;
    int code = rpi_courier_tell(courier, courier->root_at,
                                (struct parcel_letter){.kind = PARCEL_LIVING, .ranks = living});
    if (living == 1)
        atomic_store_explicit(&station->lonely, 1, memory_order_relaxed);
    rpi_signal_all(&station->work);
    return code;
}

/* What ranks of this node leave that die goes back. Without the root there is nothing to go on
 * for. */
static int look_after_others(struct courier *courier)
{
    const struct world *world = &courier->pool->world;
    double now = rpi_clock_seconds();
    if (!rpi_wires_whole(&world->star.wires, world->root)) {
        rpi_courier_stop_node(courier);
        courier->over = true;
    }
    if (now < courier->next_look || courier->finish_told)
        return MPI_SUCCESS;
    courier->next_look = now + rpi_supplier_look(&courier->supplier);
    return tell_living(courier);
}

int rpi_courier_step_on_node(struct courier *courier)
{
    int code = courier->survives ? look_after_others(courier) : MPI_SUCCESS;
    free_gone(courier);
    supply(courier);
    if (code == MPI_SUCCESS)
        code = send_all_back(courier);
    return code == MPI_SUCCESS ? tell_stop(courier) : code;
}
