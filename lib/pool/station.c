#include "pool/station.h"

static const size_t alignment = 128;

uint32_t rpi_station_slots(uint32_t lanes)
{
    const uint32_t least = 64, each = 4;
    uint32_t slots = each * lanes > least ? each * lanes : least;
    return slots < STATION_MOST_SLOTS ? slots : STATION_MOST_SLOTS;
}

static size_t areas_offset(uint32_t slots)
{
    return sizeof(struct station) + slots * sizeof(struct slot);
}

static size_t lanes_offset(uint32_t slots)
{
    return areas_offset(slots) + (size_t)2 * slots * STATION_AREA;
}

size_t rpi_station_bytes(uint32_t lanes)
{
    size_t bytes = lanes_offset(rpi_station_slots(lanes)) + lanes * sizeof(struct station_lane);
    return (bytes + alignment - 1) / alignment * alignment;
}

void rpi_station_reset(struct station *station, uint32_t lanes)
{
    station->lanes = lanes;
    station->slots = rpi_station_slots(lanes);
    atomic_store_explicit(&station->taken, 0, memory_order_relaxed);
    atomic_store_explicit(&station->put, 0, memory_order_relaxed);
    atomic_store_explicit(&station->closed, 0, memory_order_relaxed);
    atomic_store_explicit(&station->lonely, 0, memory_order_relaxed);
    atomic_store_explicit(&station->hungry, 0, memory_order_relaxed);
    atomic_store_explicit(&station->unreachable, 0, memory_order_relaxed);
    atomic_store_explicit(&station->limit, INT64_MAX, memory_order_relaxed);
    for (int i = 0; i < STATION_MOST_SLOTS / 64; i++)
        atomic_store_explicit(&station->handed[i], 0, memory_order_relaxed);
    for (uint32_t i = 0; i < station->slots; i++)
        atomic_store_explicit(&station->slot[i].word, SLOT_FREE, memory_order_relaxed);
}

struct station_lane *rpi_station_lane(struct station *station, uint32_t lane)
{
    char *lanes = (char *)station + lanes_offset(station->slots);
    return (struct station_lane *)(void *)lanes + lane;
}

char *rpi_station_inputs(struct station *station, uint32_t place)
{
    return (char *)station + areas_offset(station->slots) + (size_t)2 * place * STATION_AREA;
}

char *rpi_station_results(struct station *station, uint32_t place)
{
    return rpi_station_inputs(station, place) + STATION_AREA;
}

void rpi_station_turn(struct station *station, uint32_t place, enum slot_state state)
{
    _Atomic uint64_t *word = &station->slot[place].word;
    uint64_t rest = atomic_load_explicit(word, memory_order_relaxed) & ~UINT64_C(0xff);
    atomic_store_explicit(word, rest | (uint64_t)state, memory_order_release);
}

void rpi_station_offer(struct station *station, uint32_t place)
{
    uint32_t put = atomic_load_explicit(&station->put, memory_order_relaxed);
    atomic_store_explicit(&station->slot[place].word, slot_word(SLOT_READY, 0, put),
                          memory_order_release);
    atomic_store_explicit(&station->slot[put % station->slots].queued, place, memory_order_relaxed);
    atomic_store_explicit(&station->put, put + 1, memory_order_release);
    rpi_signal_one(&station->work);
}

void rpi_station_close(struct station *station)
{
    atomic_store_explicit(&station->closed, 1, memory_order_release);
    rpi_signal_all(&station->work);
}

/* Is this the parcel of an entry, and not for one that is cautious? */
static bool dangerous(struct slot *slot, uint64_t ready)
{
    return atomic_load_explicit(&slot->word, memory_order_relaxed) == ready && slot->suspect;
}

bool rpi_station_take(struct station *station, uint32_t lane, bool cautious, uint32_t *place)
{
    uint32_t taken = atomic_load_explicit(&station->taken, memory_order_relaxed);
    while (taken != atomic_load_explicit(&station->put, memory_order_acquire)) {
        uint32_t next = atomic_load_explicit(&station->slot[taken % station->slots].queued,
                                             memory_order_relaxed);
        struct slot *slot = &station->slot[next];
        uint64_t ready = slot_word(SLOT_READY, 0, taken);
        if (cautious && dangerous(slot, ready))
            return false;
        bool mine =
            atomic_compare_exchange_strong_explicit(&slot->word, &ready,
                                                    slot_word(SLOT_TAKEN, lane, taken),
                                                    memory_order_acquire, memory_order_relaxed);
        /* Whoever has it, its entry is used up. */
        if (atomic_compare_exchange_strong_explicit(&station->taken, &taken, taken + 1,
                                                    memory_order_acq_rel, memory_order_relaxed))
            taken++;
        if (mine) {
            *place = next;
            return true;
        }
    }
    atomic_store_explicit(&station->hungry, 1, memory_order_relaxed);
    return false;
}

static void note_handed(struct station *station, uint32_t place)
{
    atomic_fetch_or_explicit(&station->handed[place / 64], UINT64_C(1) << place % 64,
                             memory_order_release);
}

void rpi_station_hand(struct station *station, uint32_t place, enum slot_state state)
{
    rpi_station_turn(station, place, state);
    note_handed(station, place);
    rpi_signal_all(&station->news);
}

void rpi_station_bury(struct station *station, uint32_t lane)
{
    for (uint32_t place = 0; place < station->slots; place++) {
        uint64_t word = station_word(station, place);
        enum slot_state state = slot_state(word);
        if (slot_lane(word) != lane || (state != SLOT_TAKEN && state != SLOT_DONE))
            continue;
        if (state == SLOT_TAKEN)
            rpi_station_turn(station, place, SLOT_LOST);
        note_handed(station, place);
    }
}

uint32_t rpi_station_waiting(struct station *station)
{
    /* In this order, for both only grow. */
    uint32_t taken = atomic_load_explicit(&station->taken, memory_order_acquire);
    return atomic_load_explicit(&station->put, memory_order_relaxed) - taken;
}

bool rpi_station_over(struct station *station)
{
    return atomic_load_explicit(&station->closed, memory_order_acquire) != 0 &&
           rpi_station_waiting(station) == 0;
}

void rpi_station_lower_limit(struct station *station, int64_t limit)
{
    int64_t seen = station_limit(station);
    while (limit < seen &&
           !atomic_compare_exchange_weak_explicit(&station->limit, &seen, limit,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}
