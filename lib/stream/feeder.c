#include "stream/feeder.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

bool rpi_feeder_make(struct feeder *feeder, struct slot_queue *slot_queue, uint32_t lane)
{
    *feeder = (struct feeder){.slot_queue = slot_queue, .lane = lane};
    feeder->packets = calloc(slot_queue->slots, sizeof(struct packet *));
    feeder->free = malloc(slot_queue->slots * sizeof *feeder->free);
    if (feeder->packets == NULL || feeder->free == NULL)
        return false;
    for (uint32_t i = 0; i < slot_queue->slots; i++)
        feeder->free[i] = i;
    return true;
}

void rpi_feeder_attend(struct feeder *feeder, struct work_queue *work_queue, claim_attend look,
                       void *closure)
{
    feeder->work_queue = work_queue;
    feeder->look = look;
    feeder->look_closure = closure;
}

double rpi_feeder_check_liveness(struct feeder *feeder)
{
    double next = feeder->look(feeder->look_closure);
    uint32_t dead = 0;
    for (uint32_t lane = 0; lane < feeder->work_queue->lanes; lane++)
        dead += lane_lost(feeder->work_queue, lane);
    if (dead == feeder->reaped)
        return next;
    feeder->reaped = dead;
    for (uint32_t lane = 0; lane < feeder->work_queue->lanes; lane++) {
        if (lane_lost(feeder->work_queue, lane))
            rpi_slot_queue_reap(feeder->slot_queue, lane);
    }
    return next;
}

/* Bits behind the packet's items are never read. */
static void put_withdrawn(struct slot *slot, const struct packet *packet)
{
    for (uint32_t word = 0; 64 * word < packet->items; word++)
        atomic_store_explicit(&slot->withdrawn[word], packet->withdrawn[word],
                              memory_order_relaxed);
}

void rpi_feeder_put(struct feeder *feeder, struct packet *packet)
{
    struct slot_queue *slot_queue = feeder->slot_queue;
    uint32_t place = feeder->free[feeder->held++];
    struct slot *slot = &slot_queue->slot[place];
    feeder->packets[place] = packet;
    atomic_store_explicit(&slot->done, 0, memory_order_relaxed);
    slot->items = packet->items;
    slot->limit = INT64_MAX;
    slot->attempt = packet->attempt;
    slot->suspect = packet->deaths > 0;
    slot->first = packet->first;
    slot->large = (uint64_t)(uintptr_t)packet->large;
    slot->large_bytes = packet->large_bytes;
    slot->in_bytes = packet->area.used;
    put_withdrawn(slot, packet);
    memcpy(rpi_slot_queue_inputs(slot_queue, place), packet->area.base, packet->area.used);
    rpi_slot_queue_offer(slot_queue, place);
}

/* Copies the next chunk of a large input, of which the rank has slot->in_bytes already. */
static void send_input_chunk(struct feeder *feeder, uint32_t place)
{
    struct slot_queue *slot_queue = feeder->slot_queue;
    struct slot *slot = &slot_queue->slot[place];
    const struct packet *packet = feeder->packets[place];
    size_t left = packet->large_bytes - slot->in_bytes;
    size_t chunk = left < SLOT_QUEUE_AREA ? left : SLOT_QUEUE_AREA;
    memcpy(rpi_slot_queue_inputs(slot_queue, place), packet->large + slot->in_bytes, chunk);
    rpi_slot_queue_set_state(slot_queue, place, SLOT_CHUNK);
    rpi_eventcount_notify_all(&slot_queue->worker_event);
}

static void results_out_of_memory(size_t bytes, rp_error *error)
{
    rpi_error_set(error, RP_ERR_MEMORY, "no memory for results of %zu bytes of a stream", bytes);
}

/* Extends the large results of a packet. Returns the new part, or NULL: no memory. */
static char *large_results_grow(struct packet *packet, size_t bytes, rp_error *error)
{
    char *large = realloc(packet->large, packet->large_bytes + bytes);
    if (large == NULL) {
        results_out_of_memory(packet->large_bytes + bytes, error);
        return NULL;
    }
    packet->large = large;
    packet->large_bytes += bytes;
    return large + packet->large_bytes - bytes;
}

/* Drops the large input before results replace it. */
static void drop_input(struct packet *packet)
{
    if (!packet->input_dropped)
        rpi_packet_drop_large(packet);
    packet->input_dropped = true;
}

static bool receive_result_chunk(struct feeder *feeder, uint32_t place, rp_error *error)
{
    struct slot_queue *slot_queue = feeder->slot_queue;
    struct slot *slot = &slot_queue->slot[place];
    struct packet *packet = feeder->packets[place];
    drop_input(packet);
    char *to = large_results_grow(packet, slot->out_bytes, error);
    if (to == NULL)
        return false;
    memcpy(to, rpi_slot_queue_inputs(slot_queue, place), slot->out_bytes);
    rpi_slot_queue_set_state(slot_queue, place, SLOT_TAKEN);
    rpi_eventcount_notify_all(&slot_queue->worker_event);
    return true;
}

/* Whether records of that rank hold addresses in its memory; otherwise all its data came in
 * chunks. */
static bool lane_memory_readable(const struct feeder *feeder, uint32_t lane)
{
    return lane == feeder->lane ||
           atomic_load_explicit(&feeder->slot_queue->unreachable, memory_order_relaxed) == 0;
}

/* ---- results --------------------------------------------------------------------------------- */

/* Returns the bytes of the data outside the area. */
static size_t referenced_bytes(const struct area *results)
{
    const struct record *record;
    size_t position = 0, bytes = 0;
    while ((record = area_next(results, &position)) != NULL)
        bytes += record->elsewhere ? record_padded(record->bytes) : 0;
    return bytes;
}

/* Copies from the memory of the rank. */
static bool read_from_lane(const struct feeder *feeder, uint32_t lane, uint64_t address, char *to,
                           size_t bytes)
{
    if (lane != feeder->lane)
        return rpi_peer_read(&rpi_slot_queue_lane(feeder->slot_queue, lane)->self, address, to,
                             bytes);
    memcpy(to, (const void *)(uintptr_t)address, bytes);
    return true;
}

/* Copies the data outside the area into `large`, and replaces their addresses by offsets. */
static bool copy_referenced(const struct feeder *feeder, uint32_t lane, const struct area *results,
                            char *large)
{
    struct record *record;
    size_t position = 0, used = 0;
    while ((record = area_next(results, &position)) != NULL) {
        uint64_t *where = (uint64_t *)(void *)(record + 1);
        if (!record->elsewhere)
            continue;
        if (!read_from_lane(feeder, lane, *where, large + used, record->bytes))
            return false;
        *where = used;
        used += record_padded(record->bytes);
    }
    return true;
}

/* Whether the memory that was just read was the rank's: the process ID of a dead process may have
 * been reused. */
static bool lane_still_reachable(const struct feeder *feeder, uint32_t lane)
{
    return lane == feeder->lane ||
           rpi_peer_reachable(&rpi_slot_queue_lane(feeder->slot_queue, lane)->self);
}

/* After a failed read: waits until the rank is known to be dead, if it is. The kernel releases the
 * memory of a process shortly before it reports its death. */
static bool await_death(struct feeder *feeder, uint32_t lane)
{
    const double moment = 1e-3;
    const int moments = 1000;
    rpi_feeder_check_liveness(feeder);
    for (int i = 0; i < moments && !lane_lost(feeder->work_queue, lane); i++) {
        rpi_sleep(moment);
        rpi_feeder_check_liveness(feeder);
    }
    return lane_lost(feeder->work_queue, lane);
}

/* Moves the large results of a slot into the packet, in place of its input. If the rank has died,
 * keeps the input and sets PACKET_RESULTS_LOST. */
static bool fetch_large_results(struct feeder *feeder, uint32_t lane, const struct area *results,
                                struct packet *packet, rp_error *error)
{
    size_t bytes = lane_memory_readable(feeder, lane) ? referenced_bytes(results) : 0;
    char *large = NULL;
    if (bytes > 0 && (large = malloc(bytes)) == NULL) {
        results_out_of_memory(bytes, error);
        return false;
    }
    bool read = bytes == 0 || (copy_referenced(feeder, lane, results, large) &&
                               lane_still_reachable(feeder, lane));
    if (!read && await_death(feeder, lane)) {
        free(large);
        packet->fate = PACKET_RESULTS_LOST;
        return true;
    }
    drop_input(packet);
    if (bytes > 0) {
        packet->large = large;
        packet->large_bytes = bytes;
    }
    if (!read)
        rpi_error_set(error, RP_ERR_LOST,
                      "results of a stream were lost with the rank that held them");
    return read;
}

static void free_slot(struct feeder *feeder, uint32_t place)
{
    feeder->free[--feeder->held] = place;
    feeder->packets[place] = NULL;
    rpi_slot_queue_set_state(feeder->slot_queue, place, SLOT_FREE);
}

static bool take_done(struct feeder *feeder, uint32_t place, rp_error *error)
{
    struct slot_queue *slot_queue = feeder->slot_queue;
    struct slot *slot = &slot_queue->slot[place];
    struct packet *packet = feeder->packets[place];
    uint32_t lane = slot_lane(slot_queue_word(slot_queue, place));
    struct area results = {rpi_slot_queue_results(slot_queue, place), slot->out_bytes,
                           SLOT_QUEUE_AREA};
    packet->fate = PACKET_DONE;
    bool good = fetch_large_results(feeder, lane, &results, packet, error);
    if (packet->fate == PACKET_DONE) {
        packet->done = atomic_load_explicit(&slot->done, memory_order_relaxed);
        packet->limit = slot->limit;
        packet->seconds = slot->seconds;
        packet->area.used = results.used;
        memcpy(packet->area.base, results.base, results.used);
    }
    free_slot(feeder, place);
    /* The rank may be waiting to free its memory. */
    if (packet->large_bytes > 0)
        rpi_eventcount_notify_all(&slot_queue->worker_event);
    return good;
}

/* The slot is not used again. */
static void take_lost(struct feeder *feeder, uint32_t place)
{
    struct packet *packet = feeder->packets[place];
    packet->done =
        atomic_load_explicit(&feeder->slot_queue->slot[place].done, memory_order_relaxed);
    packet->fate = PACKET_INTERRUPTED;
    feeder->packets[place] = NULL;
}

/* Processes a slot that a rank has returned. Sets *packet if the packet is finished or lost. */
static rp_status process_slot(struct feeder *feeder, uint32_t place, struct packet **packet,
                              rp_error *error)
{
    struct packet *held = feeder->packets[place];
    enum slot_state state = slot_state(slot_queue_word(feeder->slot_queue, place));
    if (state == SLOT_WANT) {
        send_input_chunk(feeder, place);
    } else if (state == SLOT_MORE) {
        if (!receive_result_chunk(feeder, place, error))
            return error->status;
    } else if (state == SLOT_DONE) {
        if (!take_done(feeder, place, error)) {
            rpi_packet_free(held);
            return error->status;
        }
        *packet = held;
    } else if (state == SLOT_LOST && held != NULL) {
        take_lost(feeder, place);
        *packet = held;
    }
    return RP_OK;
}

rp_status rpi_feeder_take(struct feeder *feeder, struct packet **packet, rp_error *error)
{
    struct slot_queue *slot_queue = feeder->slot_queue;
    uint32_t words = (slot_queue->slots + 63) / 64;
    rp_status status = RP_OK;
    *packet = NULL;
    for (uint32_t looked = 0; looked <= words && *packet == NULL && status == RP_OK;) {
        if (feeder->returned == 0) {
            looked++;
            feeder->word = (feeder->word + 1) % words;
            feeder->returned = atomic_exchange_explicit(&slot_queue->returned[feeder->word], 0,
                                                        memory_order_acquire);
            continue;
        }
        uint32_t place = 64 * feeder->word + (uint32_t)__builtin_ctzll(feeder->returned);
        feeder->returned &= feeder->returned - 1;
        status = process_slot(feeder, place, packet, error);
    }
    return status;
}

bool rpi_feeder_withdraw(struct feeder *feeder, int64_t item, bool *never)
{
    *never = false;
    for (uint32_t place = 0; place < feeder->slot_queue->slots; place++) {
        struct packet *packet = feeder->packets[place];
        if (!packet_has(packet, item))
            continue;
        rpi_packet_withdraw(packet, item);
        *never =
            rpi_slot_queue_withdraw(feeder->slot_queue, place, (uint32_t)(item - packet->first)) &&
            packet->attempt == 0; /* else a rank that died may have begun it */
        return true;
    }
    return false;
}

struct packet *rpi_feeder_recall(struct feeder *feeder)
{
    uint32_t place;
    if (rpi_slot_queue_waiting(feeder->slot_queue) == 0 ||
        !rpi_slot_queue_take(feeder->slot_queue, feeder->lane, false, &place))
        return NULL;
    struct packet *packet = feeder->packets[place];
    free_slot(feeder, place);
    packet->fate = PACKET_NOT_STARTED;
    return packet;
}

void rpi_feeder_drop(struct feeder *feeder)
{
    for (uint32_t i = 0; feeder->packets != NULL && i < feeder->slot_queue->slots; i++)
        rpi_packet_free(feeder->packets[i]);
    free(feeder->packets);
    free(feeder->free);
    *feeder = (struct feeder){.slot_queue = NULL};
}
