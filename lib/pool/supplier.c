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

void rpi_supplier_attend(struct supplier *supplier, struct board *board, claim_attend look,
                         void *closure)
{
    supplier->board = board;
    supplier->look = look;
    supplier->look_closure = closure;
}

static bool died(const struct supplier *supplier, uint32_t lane)
{
    return atomic_load_explicit(&supplier->board->lane[lane].lost, memory_order_acquire) != 0;
}

double rpi_supplier_look(struct supplier *supplier)
{
    double next = supplier->look(supplier->look_closure);
    uint32_t dead = 0;
    for (uint32_t lane = 0; lane < supplier->board->lanes; lane++)
        dead += died(supplier, lane);
    if (dead == supplier->buried)
        return next;
    supplier->buried = dead;
    for (uint32_t lane = 0; lane < supplier->board->lanes; lane++) {
        if (died(supplier, lane))
            rpi_station_bury(supplier->station, lane);
    }
    return next;
}

void rpi_supplier_put(struct supplier *supplier, struct parcel *parcel)
{
    struct station *station = supplier->station;
    uint32_t place = supplier->free[supplier->held++];
    struct slot *slot = &station->slot[place];
    supplier->parcels[place] = parcel;
    atomic_store_explicit(&slot->done, 0, memory_order_relaxed);
    slot->items = parcel->items;
    slot->limit = INT64_MAX;
    slot->attempt = parcel->attempt;
    slot->suspect = parcel->deaths > 0;
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
    rpi_station_turn(station, place, SLOT_CHUNK);
    rpi_signal_all(&station->work);
}

static void no_memory(size_t bytes, rp_error *error)
{
    rpi_error_set(error, RP_ERR_MEMORY, "no memory for results of %zu bytes of a stream", bytes);
}

/* Adds bytes to the large results of a parcel whose inputs are not needed any more. */
static char *enlarge(struct parcel *parcel, size_t bytes, rp_error *error)
{
    char *large = realloc(parcel->large, parcel->large_bytes + bytes);
    if (large == NULL) {
        no_memory(parcel->large_bytes + bytes, error);
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
    rpi_station_turn(station, place, SLOT_TAKEN);
    rpi_signal_all(&station->work);
    return true;
}

/* Do records of that rank refer to its memory, or has all come in chunks? */
static bool by_reference(const struct supplier *supplier, uint32_t lane)
{
    return lane == supplier->lane ||
           atomic_load_explicit(&supplier->station->unreachable, memory_order_relaxed) == 0;
}

/* ---- results --------------------------------------------------------------------------------- */

/* Bytes of what records refer to. */
static size_t large_bytes(const struct area *results)
{
    const struct record *record;
    size_t position = 0, bytes = 0;
    while ((record = area_next(results, &position)) != NULL)
        bytes += record->elsewhere ? record_padded(record->bytes) : 0;
    return bytes;
}

/* Copies from the rank that made it. */
static bool fetch(const struct supplier *supplier, uint32_t lane, uint64_t address, char *to,
                  size_t bytes)
{
    if (lane != supplier->lane)
        return rpi_peer_read(&rpi_station_lane(supplier->station, lane)->self, address, to, bytes);
    memcpy(to, (const void *)(uintptr_t)address, bytes);
    return true;
}

/* Copies what the records refer to behind each other, and has them say where. */
static bool fetch_large(const struct supplier *supplier, uint32_t lane, const struct area *results,
                        char *large)
{
    struct record *record;
    size_t position = 0, used = 0;
    while ((record = area_next(results, &position)) != NULL) {
        uint64_t *where = (uint64_t *)(void *)(record + 1);
        if (!record->elsewhere)
            continue;
        if (!fetch(supplier, lane, *where, large + used, record->bytes))
            return false;
        *where = used;
        used += record_padded(record->bytes);
    }
    return true;
}

/* Was it the rank's memory that has been read, to the end? The number of a dead process may be
 * another's. */
static bool still_there(const struct supplier *supplier, uint32_t lane)
{
    return supplier->look == NULL || lane == supplier->lane ||
           rpi_peer_reachable(&rpi_station_lane(supplier->station, lane)->self);
}

/* The memory of a rank cannot be read: has it died? The kernel takes the memory away some moments
 * before it tells of the end. */
static bool await_death(struct supplier *supplier, uint32_t lane)
{
    const double moment = 1e-3;
    const int moments = 1000;
    if (supplier->look == NULL)
        return false;
    rpi_supplier_look(supplier);
    for (int i = 0; i < moments && !died(supplier, lane); i++) {
        rpi_sleep(moment);
        rpi_supplier_look(supplier);
    }
    return died(supplier, lane);
}

/* Brings the large results of a slot into the parcel, in place of the input. If they are gone the
 * parcel stays as it was, and its fate is told. */
static bool bring_large(struct supplier *supplier, uint32_t lane, const struct area *results,
                        struct parcel *parcel, rp_error *error)
{
    size_t bytes = by_reference(supplier, lane) ? large_bytes(results) : 0;
    char *large = NULL;
    if (bytes > 0 && (large = malloc(bytes)) == NULL) {
        no_memory(bytes, error);
        return false;
    }
    bool read =
        bytes == 0 || (fetch_large(supplier, lane, results, large) && still_there(supplier, lane));
    if (!read && await_death(supplier, lane)) {
        free(large);
        parcel->fate = PARCEL_GONE;
        return true;
    }
    make_room(parcel);
    if (bytes > 0) {
        parcel->large = large;
        parcel->large_bytes = bytes;
    }
    if (!read)
        rpi_error_set(error, RP_ERR_LOST,
                      "results of a stream are gone with the rank that had them");
    return read;
}

static void free_slot(struct supplier *supplier, uint32_t place)
{
    supplier->free[--supplier->held] = place;
    supplier->parcels[place] = NULL;
    rpi_station_turn(supplier->station, place, SLOT_FREE);
}

static bool take_done(struct supplier *supplier, uint32_t place, rp_error *error)
{
    struct station *station = supplier->station;
    struct slot *slot = &station->slot[place];
    struct parcel *parcel = supplier->parcels[place];
    uint32_t lane = slot_lane(station_word(station, place));
    struct area results = {rpi_station_results(station, place), slot->out_bytes, STATION_AREA};
    parcel->fate = PARCEL_DONE;
    bool good = bring_large(supplier, lane, &results, parcel, error);
    if (parcel->fate == PARCEL_DONE) {
        parcel->done = atomic_load_explicit(&slot->done, memory_order_relaxed);
        parcel->limit = slot->limit;
        parcel->seconds = slot->seconds;
        parcel->area.used = results.used;
        memcpy(parcel->area.base, results.base, results.used);
    }
    free_slot(supplier, place);
    /* The rank may wait for its memory to be free again. */
    if (parcel->large_bytes > 0)
        rpi_signal_all(&station->work);
    return good;
}

/* The slot is never used again. */
static void take_lost(struct supplier *supplier, uint32_t place)
{
    struct parcel *parcel = supplier->parcels[place];
    parcel->done = atomic_load_explicit(&supplier->station->slot[place].done, memory_order_relaxed);
    parcel->fate = PARCEL_IN_HAND;
    supplier->parcels[place] = NULL;
}

/* Looks at a slot that a rank has handed over; *parcel is what was done there, if so. */
static rp_status look(struct supplier *supplier, uint32_t place, struct parcel **parcel,
                      rp_error *error)
{
    struct parcel *held = supplier->parcels[place];
    enum slot_state state = slot_state(station_word(supplier->station, place));
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
    } else if (state == SLOT_LOST && held != NULL) {
        take_lost(supplier, place);
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

struct parcel *rpi_supplier_recall(struct supplier *supplier)
{
    uint32_t place;
    if (rpi_station_waiting(supplier->station) == 0 ||
        !rpi_station_take(supplier->station, supplier->lane, false, &place))
        return NULL;
    struct parcel *parcel = supplier->parcels[place];
    free_slot(supplier, place);
    parcel->fate = PARCEL_UNTOUCHED;
    return parcel;
}

void rpi_supplier_drop(struct supplier *supplier)
{
    for (uint32_t i = 0; supplier->parcels != NULL && i < supplier->station->slots; i++)
        rpi_parcel_free(supplier->parcels[i]);
    free(supplier->parcels);
    free(supplier->free);
    *supplier = (struct supplier){.station = NULL};
}
