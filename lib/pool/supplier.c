#include "pool/supplier.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

bool rpi_supplier_make(struct supplier *supplier, struct station *station, uint32_t lane)
{
    *supplier = (struct supplier){.station = station, .lane = lane};
    supplier->parcels = calloc(station->slots, sizeof(struct parcel *));
    supplier->free = malloc(station->slots * sizeof *supplier->free);
    if (supplier->parcels == NULL || supplier->free == NULL)
        return false;
    for (uint32_t i = 0; i < station->slots; i++)
        supplier->free[i] = i;
    return true;
}

void rpi_supplier_put(struct supplier *supplier, struct parcel *parcel)
{
    struct station *station = supplier->station;
    uint32_t place = supplier->free[supplier->held++];
    struct slot *slot = &station->slot[place];
    supplier->parcels[place] = parcel;
    slot->items = parcel->items;
    slot->first = parcel->first;
    slot->large = (uint64_t)(uintptr_t)parcel->large;
    slot->large_bytes = parcel->large_bytes;
    slot->in_bytes = parcel->area.used;
    memcpy(rpi_station_inputs(station, place), parcel->area.base, parcel->area.used);
    rpi_station_offer(station, place);
}

/* The rank that holds the slot has `done` bytes of its large input: copies the next. */
static void serve_chunk(struct supplier *supplier, uint32_t place)
{
    struct station *station = supplier->station;
    struct slot *slot = &station->slot[place];
    const struct parcel *parcel = supplier->parcels[place];
    size_t left = parcel->large_bytes - slot->in_bytes;
    size_t chunk = left < STATION_AREA ? left : STATION_AREA;
    memcpy(rpi_station_inputs(station, place), parcel->large + slot->in_bytes, chunk);
    atomic_store_explicit(&slot->state, SLOT_CHUNK, memory_order_release);
    rpi_signal_all(&station->work);
}

/* Adds bytes to the large results of a parcel whose inputs are not needed any more. */
static char *enlarge(struct parcel *parcel, size_t bytes, rp_error *error)
{
    char *large = realloc(parcel->large, parcel->large_bytes + bytes);
    if (large == NULL) {
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for results of %zu bytes of a stream",
                      parcel->large_bytes + bytes);
        return NULL;
    }
    parcel->large = large;
    parcel->large_bytes += bytes;
    return large + parcel->large_bytes - bytes;
}

/* Results take the place of the input. */
static void make_room(struct parcel *parcel)
{
    if (!parcel->emptied)
        rpi_parcel_drop_large(parcel);
    parcel->emptied = true;
}

static bool take_chunk(struct supplier *supplier, uint32_t place, rp_error *error)
{
    struct station *station = supplier->station;
    struct slot *slot = &station->slot[place];
    struct parcel *parcel = supplier->parcels[place];
    make_room(parcel);
    char *to = enlarge(parcel, slot->out_bytes, error);
    if (to == NULL)
        return false;
    memcpy(to, rpi_station_inputs(station, place), slot->out_bytes);
    atomic_store_explicit(&slot->state, SLOT_TAKEN, memory_order_release);
    rpi_signal_all(&station->work);
    return true;
}

/* Do records of that rank refer to its memory, or has all come in chunks? */
static bool by_reference(const struct supplier *supplier, uint32_t lane)
{
    return lane == supplier->lane ||
           atomic_load_explicit(&supplier->station->unreachable, memory_order_relaxed) == 0;
}

/* Copies what a record refers to from the rank that made it. */
static bool fetch(const struct supplier *supplier, uint32_t lane, uint64_t address, char *to,
                  size_t bytes, rp_error *error)
{
    if (lane == supplier->lane) {
        memcpy(to, (const void *)(uintptr_t)address, bytes);
        return true;
    }
    if (rpi_peer_read(&rpi_station_lane(supplier->station, lane)->self, address, to, bytes))
        return true;
    rpi_error_set(error, RP_ERR_LOST, "results of a stream are gone with the rank that had them");
    return false;
}

/* Gathers what the records refer to behind each other, and has them say where. */
static bool gather_large(const struct supplier *supplier, uint32_t lane, struct parcel *parcel,
                         rp_error *error)
{
    size_t total = 0, position = 0;
    struct record *record;
    while ((record = area_next(&parcel->area, &position)) != NULL)
        total += record->elsewhere ? record_padded(record->bytes) : 0;
    if (total == 0 || !by_reference(supplier, lane))
        return true;
    char *to = enlarge(parcel, total, error);
    if (to == NULL)
        return false;
    for (position = 0; (record = area_next(&parcel->area, &position)) != NULL;) {
        uint64_t *where = (uint64_t *)(void *)(record + 1);
        if (!record->elsewhere)
            continue;
        if (!fetch(supplier, lane, *where, to, record->bytes, error))
            return false;
        *where = (uint64_t)(to - parcel->large);
        to += record_padded(record->bytes);
    }
    return true;
}

static bool take_done(struct supplier *supplier, uint32_t place, rp_error *error)
{
    struct station *station = supplier->station;
    struct slot *slot = &station->slot[place];
    struct parcel *parcel = supplier->parcels[place];
    uint32_t lane = atomic_load_explicit(&slot->lane, memory_order_relaxed);
    make_room(parcel);
    parcel->done = slot->done;
    parcel->seconds = slot->seconds;
    parcel->area.used = slot->out_bytes;
    memcpy(parcel->area.base, rpi_station_results(station, place), slot->out_bytes);
    bool good = gather_large(supplier, lane, parcel, error);
    supplier->free[--supplier->held] = place;
    supplier->parcels[place] = NULL;
    atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
    /* The rank may wait for its memory to be free again. */
    if (parcel->large_bytes > 0)
        rpi_signal_all(&station->work);
    return good;
}

/* Looks at a slot that a rank has handed over; *parcel is what was done there, if so. */
static rp_status look(struct supplier *supplier, uint32_t place, struct parcel **parcel,
                      rp_error *error)
{
    struct slot *slot = &supplier->station->slot[place];
    struct parcel *held = supplier->parcels[place];
    uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
    if (state == SLOT_WANT) {
        serve_chunk(supplier, place);
    } else if (state == SLOT_MORE) {
        if (!take_chunk(supplier, place, error))
            return error->status;
    } else if (state == SLOT_DONE) {
        if (!take_done(supplier, place, error)) {
            rpi_parcel_free(held);
            return error->status;
        }
        *parcel = held;
    }
    return RP_OK;
}

rp_status rpi_supplier_take(struct supplier *supplier, struct parcel **parcel, rp_error *error)
{
    struct station *station = supplier->station;
    uint32_t words = (station->slots + 63) / 64;
    rp_status status = RP_OK;
    *parcel = NULL;
    for (uint32_t looked = 0; looked <= words && *parcel == NULL && status == RP_OK;) {
        if (supplier->handed == 0) {
            looked++;
            supplier->word = (supplier->word + 1) % words;
            supplier->handed =
                atomic_exchange_explicit(&station->handed[supplier->word], 0, memory_order_acquire);
            continue;
        }
        uint32_t place = 64 * supplier->word + (uint32_t)__builtin_ctzll(supplier->handed);
        supplier->handed &= supplier->handed - 1;
        status = look(supplier, place, parcel, error);
    }
    return status;
}

void rpi_supplier_drop(struct supplier *supplier)
{
    for (uint32_t i = 0; supplier->parcels != NULL && i < supplier->station->slots; i++)
        rpi_parcel_free(supplier->parcels[i]);
    free(supplier->parcels);
    free(supplier->free);
    *supplier = (struct supplier){.station = NULL};
}
