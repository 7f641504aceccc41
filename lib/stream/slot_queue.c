#include "stream/slot_queue.h"

static const size_t alignment = 128;

uint32_t rpi_slot_queue_slots(uint32_t lanes)
{
    const uint32_t least = 64, each = 4;
    uint32_t slots = each * lanes > least ? each * lanes : least;
    return slots < SLOT_QUEUE_MOST_SLOTS ? slots : SLOT_QUEUE_MOST_SLOTS;
}

static size_t areas_offset(uint32_t slots)
{
    return sizeof(struct slot_queue) + slots * sizeof(struct slot);
}

static size_t lanes_offset(uint32_t slots)
{
    return areas_offset(slots) + (size_t)2 * slots * SLOT_QUEUE_AREA;
}

size_t rpi_slot_queue_bytes(uint32_t lanes)
{
    size_t bytes =
        lanes_offset(rpi_slot_queue_slots(lanes)) + lanes * sizeof(struct slot_queue_lane);
    return (bytes + alignment - 1) / alignment * alignment;
}

void rpi_slot_queue_reset(struct slot_queue *slot_queue, uint32_t lanes)
{
    slot_queue->lanes = lanes;
    slot_queue->slots = rpi_slot_queue_slots(lanes);
    atomic_store_explicit(&slot_queue->taken, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->put, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->closed, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->last_rank, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->starved, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->unreachable, 0, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->limit, INT64_MAX, memory_order_relaxed);
    for (int i = 0; i < SLOT_QUEUE_MOST_SLOTS / 64; i++)
        atomic_store_explicit(&slot_queue->returned[i], 0, memory_order_relaxed);
    for (uint32_t i = 0; i < slot_queue->slots; i++)
        atomic_store_explicit(&slot_queue->slot[i].word, SLOT_FREE, memory_order_relaxed);
}

struct slot_queue_lane *rpi_slot_queue_lane(struct slot_queue *slot_queue, uint32_t lane)
{
    char *lanes = (char *)slot_queue + lanes_offset(slot_queue->slots);
    return (struct slot_queue_lane *)(void *)lanes + lane;
}

char *rpi_slot_queue_inputs(struct slot_queue *slot_queue, uint32_t place)
{
    return (char *)slot_queue + areas_offset(slot_queue->slots) +
           (size_t)2 * place * SLOT_QUEUE_AREA;
}

char *rpi_slot_queue_results(struct slot_queue *slot_queue, uint32_t place)
{
    return rpi_slot_queue_inputs(slot_queue, place) + SLOT_QUEUE_AREA;
}

void rpi_slot_queue_set_state(struct slot_queue *slot_queue, uint32_t place, enum slot_state state)
{
    _Atomic uint64_t *word = &slot_queue->slot[place].word;
    uint64_t rest = atomic_load_explicit(word, memory_order_relaxed) & ~UINT64_C(0xff);
    atomic_store_explicit(word, rest | (uint64_t)state, memory_order_release);
}

void rpi_slot_queue_offer(struct slot_queue *slot_queue, uint32_t place)
{
    uint32_t put = atomic_load_explicit(&slot_queue->put, memory_order_relaxed);
    atomic_store_explicit(&slot_queue->slot[place].word, slot_word(SLOT_READY, 0, put),
                          memory_order_release);
    atomic_store_explicit(&slot_queue->slot[put % slot_queue->slots].queued, place,
                          memory_order_relaxed);
    atomic_store_explicit(&slot_queue->put, put + 1, memory_order_release);
    rpi_eventcount_notify_one(&slot_queue->worker_event);
}

void rpi_slot_queue_close(struct slot_queue *slot_queue)
{
    atomic_store_explicit(&slot_queue->closed, 1, memory_order_release);
    rpi_eventcount_notify_all(&slot_queue->worker_event);
}

/* Whether the slot still holds the packet of this entry, and that packet is a suspect. */
static bool entry_is_suspect(struct slot *slot, uint64_t ready)
{
    return atomic_load_explicit(&slot->word, memory_order_relaxed) == ready && slot->suspect;
}

bool rpi_slot_queue_take(struct slot_queue *slot_queue, uint32_t lane, bool cautious,
                         uint32_t *place)
{
    uint32_t taken = atomic_load_explicit(&slot_queue->taken, memory_order_relaxed);
    while (taken != atomic_load_explicit(&slot_queue->put, memory_order_acquire)) {
        uint32_t next = atomic_load_explicit(&slot_queue->slot[taken % slot_queue->slots].queued,
                                             memory_order_relaxed);
        struct slot *slot = &slot_queue->slot[next];
        uint64_t ready = slot_word(SLOT_READY, 0, taken);
        if (cautious && entry_is_suspect(slot, ready))
            return false;
        bool mine =
            atomic_compare_exchange_strong_explicit(&slot->word, &ready,
                                                    slot_word(SLOT_TAKEN, lane, taken),
                                                    memory_order_seq_cst, memory_order_relaxed);
        /* The entry is used, whichever rank took its slot. */
        if (atomic_compare_exchange_strong_explicit(&slot_queue->taken, &taken, taken + 1,
                                                    memory_order_acq_rel, memory_order_relaxed))
            taken++;
        if (mine) {
            *place = next;
            return true;
        }
    }
    atomic_store_explicit(&slot_queue->starved, 1, memory_order_relaxed);
    return false;
}

bool rpi_slot_queue_withdraw(struct slot_queue *slot_queue, uint32_t place, uint32_t number)
{
    struct slot *slot = &slot_queue->slot[place];
    atomic_fetch_or_explicit(&slot->withdrawn[number / 64], UINT64_C(1) << number % 64,
                             memory_order_seq_cst);
    return slot_state(atomic_load_explicit(&slot->word, memory_order_seq_cst)) == SLOT_READY;
}

static void mark_returned(struct slot_queue *slot_queue, uint32_t place)
{
    atomic_fetch_or_explicit(&slot_queue->returned[place / 64], UINT64_C(1) << place % 64,
                             memory_order_release);
}

void rpi_slot_queue_hand_back(struct slot_queue *slot_queue, uint32_t place, enum slot_state state)
{
    rpi_slot_queue_set_state(slot_queue, place, state);
    mark_returned(slot_queue, place);
    rpi_eventcount_notify_all(&slot_queue->feeder_event);
}

void rpi_slot_queue_reap(struct slot_queue *slot_queue, uint32_t lane)
{
    for (uint32_t place = 0; place < slot_queue->slots; place++) {
        uint64_t word = slot_queue_word(slot_queue, place);
        enum slot_state state = slot_state(word);
        if (slot_lane(word) != lane || (state != SLOT_TAKEN && state != SLOT_DONE))
            continue;
        if (state == SLOT_TAKEN)
            rpi_slot_queue_set_state(slot_queue, place, SLOT_LOST);
        mark_returned(slot_queue, place);
    }
}

uint32_t rpi_slot_queue_waiting(struct slot_queue *slot_queue)
{
    /* Load `taken` first: both only grow. */
    uint32_t taken = atomic_load_explicit(&slot_queue->taken, memory_order_acquire);
    return atomic_load_explicit(&slot_queue->put, memory_order_relaxed) - taken;
}

bool rpi_slot_queue_over(struct slot_queue *slot_queue)
{
    return atomic_load_explicit(&slot_queue->closed, memory_order_acquire) != 0 &&
           rpi_slot_queue_waiting(slot_queue) == 0;
}

void rpi_slot_queue_lower_limit(struct slot_queue *slot_queue, int64_t limit)
{
    int64_t seen = slot_queue_limit(slot_queue);
    while (limit < seen &&
           !atomic_compare_exchange_weak_explicit(&slot_queue->limit, &seen, limit,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}
