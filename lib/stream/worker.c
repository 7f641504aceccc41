#include "stream/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "diag/check.h"
#include "diag/diagnosis.h"
#include "observe/hooks.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Seconds after which a waiting rank checks the queue again. */
static const double longest = 50e-3;

/* If no event came, the process that should signal it may have died. */
static void wait_for_work(const struct stream_worker *worker, uint32_t seen, double most)
{
    struct eventcount *work = &worker->slot_queue->worker_event;
    rpi_eventcount_wait(work, seen, worker->spin, most);
    if (rpi_eventcount_key(work) == seen)
        rpi_survival_look(worker->pool);
}

/* ---- results kept until the feeder has copied them ------------------------------------------- */

static void saved_results_free(struct stream_worker *worker, uint32_t place)
{
    struct saved_results *saved = &worker->saved[place];
    for (uint32_t i = 0; i < saved->count; i++)
        free(saved->results[i].memory);
    free(saved->results);
    worker->saved_bytes -= saved->bytes;
    *saved = (struct saved_results){NULL, 0, 0};
}

/* Whether the feeder has taken this rank's results from the slot, which is then free or owned by
 * another rank. */
static bool slot_collected(const struct stream_worker *worker, uint32_t place)
{
    uint64_t word = slot_queue_word(worker->slot_queue, place);
    return slot_state(word) != SLOT_DONE || slot_lane(word) != worker->lane;
}

static void saved_results_free_collected(struct stream_worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_queue->slots && worker->saved_bytes > 0; i++) {
        if (worker->saved[i].count > 0 && slot_collected(worker, i))
            saved_results_free(worker, i);
    }
}

static bool saved_results_add(struct stream_worker *worker, uint32_t place, const rp_buffer *buffer)
{
    struct saved_results *saved = &worker->saved[place];
    struct saved_result *results = realloc(saved->results, (saved->count + 1) * sizeof *results);
    if (results == NULL)
        return false;
    saved->results = results;
    saved->results[saved->count++] = (struct saved_result){buffer->data, buffer->size};
    saved->bytes += record_padded(buffer->size);
    worker->saved_bytes += record_padded(buffer->size);
    return true;
}

/* ---- chunks, where the kernel forbids reading the memory of another rank --------------------- */

static bool worker_memory_readable(const struct stream_worker *worker)
{
    return worker->lane == worker->feeder ||
           atomic_load_explicit(&worker->slot_queue->unreachable, memory_order_relaxed) == 0;
}

/* Returns the slot to the feeder and waits until it is this rank's again. False: stopped. */
static bool slot_exchange(struct stream_worker *worker, uint32_t place, enum slot_state mine,
                          enum slot_state then)
{
    struct slot_queue *slot_queue = worker->slot_queue;
    rpi_slot_queue_hand_back(slot_queue, place, mine);
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&slot_queue->worker_event);
        if (slot_state(slot_queue_word(slot_queue, place)) == then)
            return true;
        if (work_queue_stopped(worker->work_queue))
            return false;
        double begin = observe_now(worker->pool);
        wait_for_work(worker, seen, longest);
        observe_moved(worker->pool, begin);
    }
}

static bool receive_chunks(struct stream_worker *worker, uint32_t place, char *to, size_t bytes)
{
    struct slot *slot = &worker->slot_queue->slot[place];
    const char *chunk = rpi_slot_queue_inputs(worker->slot_queue, place);
    for (size_t done = 0; done < bytes;) {
        slot->in_bytes = done;
        if (!slot_exchange(worker, place, SLOT_WANT, SLOT_CHUNK))
            return false;
        size_t part = bytes - done < SLOT_QUEUE_AREA ? bytes - done : SLOT_QUEUE_AREA;
        memcpy(to + done, chunk, part);
        done += part;
    }
    return true;
}

/* Sends the large results through the input area, after all items of the packet are computed. */
static bool send_chunks(struct stream_worker *worker, uint32_t place)
{
    const struct saved_results *saved = &worker->saved[place];
    struct slot *slot = &worker->slot_queue->slot[place];
    char *chunk = rpi_slot_queue_inputs(worker->slot_queue, place);
    for (uint32_t i = 0; i < saved->count; i++) {
        for (size_t done = 0; done < saved->results[i].bytes; done += slot->out_bytes) {
            size_t left = saved->results[i].bytes - done;
            size_t part = left < SLOT_QUEUE_AREA ? left : SLOT_QUEUE_AREA;
            memcpy(chunk, saved->results[i].memory + done, part);
            slot->out_bytes = record_padded(part);
            if (!slot_exchange(worker, place, SLOT_MORE, SLOT_TAKEN))
                return false;
        }
    }
    return true;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* A packet that this rank is computing. */
struct taken {
    uint32_t place;
    struct slot *slot;
    struct area inputs, results;
    size_t position; /* of the next input */
    uint32_t left;   /* items not started */
    int64_t limit;   /* items from here on are not started, because one of them failed */
};

/* Checks afterwards that the process read was the feeder: it may have died and its process ID been
 * reused. */
static bool read_input(const struct stream_worker *worker, const struct slot *slot, char *input)
{
    const struct peer *feeder = &rpi_slot_queue_lane(worker->slot_queue, worker->feeder)->self;
    return rpi_peer_read(feeder, slot->large, input, slot->large_bytes) &&
           rpi_peer_reachable(feeder);
}

/* Returns the input that did not fit into the slot, or NULL. */
static const void *large_input(struct stream_worker *worker, const struct taken *taken)
{
    const struct slot *slot = taken->slot;
    if (worker->lane == worker->feeder)
        return (const void *)(uintptr_t)slot->large;
    char *input = rp_buffer_resize(&worker->input, slot->large_bytes);
    if (input == NULL)
        return NULL;
    bool there = worker_memory_readable(worker)
                     ? read_input(worker, slot, input)
                     : receive_chunks(worker, taken->place, input, slot->large_bytes);
    return there ? input : NULL;
}

static const void *next_input(struct stream_worker *worker, struct taken *taken, size_t *bytes)
{
    if (taken->slot->large_bytes > 0) {
        *bytes = taken->slot->large_bytes;
        return large_input(worker, taken);
    }
    const struct record *record = area_next(&taken->inputs, &taken->position);
    *bytes = record->bytes;
    return record + 1;
}

/* A large input has no record. */
static void taken_skip_input(struct taken *taken)
{
    area_next(&taken->inputs, &taken->position);
}

/* Lends the task room in the slot for its result, except what the results of the other items need
 * at least. */
static void lend_result_space(const struct taken *taken, rp_buffer *buffer)
{
    size_t bytes;
    void *room = area_room(&taken->results, (size_t)taken->left * RECORD_LEAST, &bytes);
    rpi_buffer_lend(buffer, room, bytes);
}

/* Stores the result in the slot if it was written there, otherwise in this rank's memory. Frees or
 * takes over the buffer. */
static bool result_store(struct stream_worker *worker, struct taken *taken, rp_buffer *buffer,
                         bool failed)
{
    if (buffer->lent || buffer->size == 0) {
        area_add(&taken->results, failed, buffer->size);
        rpi_buffer_free(buffer);
        return true;
    }
    uint64_t where = worker_memory_readable(worker) ? (uint64_t)(uintptr_t)buffer->data
                                                    : worker->saved[taken->place].bytes;
    area_refer(&taken->results, failed, buffer->size, where);
    if (saved_results_add(worker, taken->place, buffer))
        return true;
    rpi_buffer_free(buffer);
    return false;
}

static bool result_store_failure(struct stream_worker *worker, struct taken *taken, int code)
{
    struct failures failures = {.count = 0};
    rp_buffer record;
    rpi_task_failed(&worker->task, code, &failures);
    failures.lowest.rank = worker->pool->world.rank;
    lend_result_space(taken, &record);
    return rp_buffer_append(&record, &failures.lowest, sizeof failures.lowest) == 0 &&
           result_store(worker, taken, &record, true);
}

/* Starts no later items after a failure; in an unordered stream, no items at all. */
static void stop_after_item(const struct stream_worker *worker, struct taken *taken, int64_t item)
{
    if (worker->job->options.on_failure == RP_ON_FAILURE_STOP)
        taken->limit = worker->job->unordered ? 0 : item + 1;
}

struct item_call {
    struct stream_worker *worker;
    const struct taken *taken;
    size_t in_bytes;
    rp_buffer *result;
};

/* Discards what an earlier attempt left of a result. */
static int call_again(const struct attempt *attempt)
{
    const struct item_call *call = attempt->closure;
    struct stream_worker *worker = call->worker;
    rpi_buffer_free(call->result);
    lend_result_space(call->taken, call->result);
    rpi_check_result_before(worker->pool, call->result);
    int code = worker->job->work(&worker->task, attempt->in, call->in_bytes, call->result);
    return rpi_check_result_after(&worker->task, call->result, code);
}

static int item_compute(struct stream_worker *worker, const struct taken *taken, int64_t item,
                        const void *input, size_t bytes, rp_buffer *result)
{
    struct item_call call = {worker, taken, bytes, result};
    struct attempt attempt = {
        .items = {item, item + 1}, .in = input, .call = call_again, .closure = &call};
    rpi_task_begin(&worker->task, item);
    if (input == NULL)
        return rp_task_fail(&worker->task, item, 1, "cannot fetch its input of %zu bytes", bytes);
    if (worker->careful)
        return rpi_attempt(&worker->attempts, &attempt);
    return worker->job->work(&worker->task, input, bytes, result);
}

/* The item was withdrawn before it began, or its task ended because it was. */
static void task_set_withdrawn(struct rp_task *task, int64_t item)
{
    rpi_task_begin(task, item);
    rpi_error_set(&task->failure, RP_ERR_CANCELLED, "item %" PRId64 " was cancelled", item);
    task->failure.item = item;
}

/* Directs the task to the bit that says whether an item is not wanted any more. */
static void task_watch_item(struct rp_task *task, const struct slot *slot, uint32_t number)
{
    task->withdrawn = &slot->withdrawn[number / 64];
    task->withdrawn_bit = UINT64_C(1) << number % 64;
}

enum item_outcome {
    ITEM_STORED,    /* its result, or its failure */
    ITEM_CANCELLED, /* its task gave up because the stream stops: it is left undone */
    ITEM_NO_MEMORY  /* for its result */
};

/* Computes the next item. */
static enum item_outcome item_run(struct stream_worker *worker, struct taken *taken, int64_t item)
{
    size_t bytes;
    rp_buffer result;
    taken->left--;
    task_watch_item(&worker->task, taken->slot, (uint32_t)(item - taken->slot->first));
    if (task_withdrawn(&worker->task)) {
        taken_skip_input(taken);
        task_set_withdrawn(&worker->task, item);
        return result_store_failure(worker, taken, 0) ? ITEM_STORED : ITEM_NO_MEMORY;
    }
    const void *input = next_input(worker, taken, &bytes);
    lend_result_space(taken, &result);
    int code = item_compute(worker, taken, item, input, bytes, &result);
    rpi_buffer_free(&worker->input);
    if (code == 0)
        return result_store(worker, taken, &result, false) ? ITEM_STORED : ITEM_NO_MEMORY;
    rpi_buffer_free(&result);
    if (rpi_attempt_cancelled(&worker->attempts, code))
        return ITEM_CANCELLED;
    if (task_withdrawn(&worker->task))
        task_set_withdrawn(&worker->task, item);
    stop_after_item(worker, taken, item);
    return result_store_failure(worker, taken, code) ? ITEM_STORED : ITEM_NO_MEMORY;
}

/* ---- packets --------------------------------------------------------------------------------- */

static bool packet_run_items(struct stream_worker *worker, struct taken *taken)
{
    struct slot *slot = taken->slot;
    for (uint32_t done = 0; done < slot->items; done++) {
        int64_t item = slot->first + done;
        if (work_queue_stopped(worker->work_queue) || item >= taken->limit ||
            item >= slot_queue_limit(worker->slot_queue))
            break;
        enum item_outcome outcome = item_run(worker, taken, item);
        if (outcome == ITEM_CANCELLED)
            break;
        if (outcome == ITEM_NO_MEMORY) {
            rpi_error_set(&worker->failure, RP_ERR_MEMORY,
                          "no memory for the result of item %" PRId64, item);
            rpi_work_queue_stop(worker->work_queue);
            return false;
        }
        atomic_store_explicit(&slot->done, done + 1, memory_order_relaxed);
    }
    return true;
}

static bool packet_run(struct stream_worker *worker, struct taken *taken)
{
    const struct slot *slot = taken->slot;
    struct rank_activity *activity = worker->pool->diag->activity;
    rpi_activity_packet(activity, (rp_range){slot->first, slot->first + slot->items});
    worker->task.attempt = (int)slot->attempt;
    bool done = packet_run_items(worker, taken);
    worker->task.attempt = 0;
    rpi_activity_packet(activity, (rp_range){slot->first + slot->items, slot->first + slot->items});
    return done;
}

/* Lowers the limit last: if this rank dies before it has returned the packet, the item has not
 * failed and may succeed elsewhere. */
static void packet_hand_back(struct stream_worker *worker, const struct taken *taken)
{
    rpi_slot_queue_hand_back(worker->slot_queue, taken->place, SLOT_DONE);
    rpi_slot_queue_lower_limit(worker->slot_queue, taken->limit);
}

static bool packet_process(struct stream_worker *worker, uint32_t place)
{
    struct slot_queue *slot_queue = worker->slot_queue;
    struct slot *slot = &slot_queue->slot[place];
    struct taken taken = {
        .place = place,
        .slot = slot,
        .inputs = {rpi_slot_queue_inputs(slot_queue, place), slot->in_bytes, SLOT_QUEUE_AREA},
        .results = {rpi_slot_queue_results(slot_queue, place), 0, SLOT_QUEUE_AREA},
        .left = slot->items,
        .limit = INT64_MAX};
    double begun = rpi_clock_seconds();
    saved_results_free(worker, place);
    bool done = packet_run(worker, &taken);
    if (!done || (!worker_memory_readable(worker) && !send_chunks(worker, place)))
        return false;
    slot->limit = taken.limit;
    slot->seconds = rpi_clock_seconds() - begun;
    slot->out_bytes = taken.results.used;
    rpi_observe_packet(worker->pool, begun, slot->first,
                       atomic_load_explicit(&slot->done, memory_order_relaxed));
    if (!worker_memory_readable(worker))
        saved_results_free(worker, place);
    packet_hand_back(worker, &taken);
    return true;
}

bool rpi_stream_worker_make(struct stream_worker *worker)
{
    worker->saved = calloc(worker->slot_queue->slots, sizeof *worker->saved);
    return worker->saved != NULL;
}

bool rpi_stream_worker_step(struct stream_worker *worker)
{
    if (worker->saved_bytes > 0)
        saved_results_free_collected(worker);
    if (work_queue_stopped(worker->work_queue) || worker->saved_bytes > worker->most_saved)
        return false;
    uint32_t place;
    bool cautious = worker->cautious && !slot_queue_last_rank(worker->slot_queue);
    return rpi_slot_queue_take(worker->slot_queue, worker->lane, cautious, &place) &&
           packet_process(worker, place);
}

void rpi_stream_worker_run(struct stream_worker *worker, claim_attend attend, void *closure)
{
    struct slot_queue *slot_queue = worker->slot_queue;
    while (!work_queue_stopped(worker->work_queue)) {
        double most = attend != NULL ? attend(closure) : longest;
        uint32_t seen = rpi_eventcount_key(&slot_queue->worker_event);
        if (rpi_stream_worker_step(worker))
            continue;
        if (rpi_slot_queue_over(slot_queue))
            return;
        double begin = observe_now(worker->pool);
        wait_for_work(worker, seen, most < longest ? most : longest);
        rpi_observe_wait(worker->pool, begin);
    }
}

void rpi_stream_worker_drop(struct stream_worker *worker)
{
    for (uint32_t i = 0; worker->saved != NULL && i < worker->slot_queue->slots; i++)
        saved_results_free(worker, i);
    free(worker->saved);
    rpi_buffer_free(&worker->input);
    rpi_attempts_end(&worker->attempts);
}
