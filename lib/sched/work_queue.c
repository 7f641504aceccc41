#include "sched/work_queue.h"

#include <stdlib.h>

/* Entries of a lane's log. Guided and factoring have at most lanes * log2(2^31) chunks in all, and
 * a lane that takes two adjacent ones needs one entry, so 16 per lane suffice in the worst case. A
 * lane with a full log stops stealing; it takes thousands of steals of ranges that are not adjacent
 * to fill one. */
static uint32_t lane_log_capacity(uint32_t lanes)
{
    const uint32_t least = 4096, per_lane = 16;
    return lanes > least / per_lane ? lanes * per_lane : least;
}

static size_t log_stride(uint32_t capacity)
{
    return (rpi_completion_log_bytes(capacity) + APART - 1) / APART * APART;
}

static size_t logs_offset(uint32_t lanes)
{
    return sizeof(struct work_queue) + lanes * sizeof(struct lane);
}

static size_t orphaned_work_offset(uint32_t lanes)
{
    return logs_offset(lanes) + lanes * log_stride(lane_log_capacity(lanes));
}

size_t rpi_work_queue_bytes(uint32_t lanes)
{
    return orphaned_work_offset(lanes) + rpi_orphaned_work_bytes(lanes, lane_log_capacity(lanes));
}

struct orphaned_work *rpi_work_queue_orphaned_work(struct work_queue *work_queue)
{
    return (struct orphaned_work *)((char *)work_queue + orphaned_work_offset(work_queue->lanes));
}

void rpi_work_queue_make(struct work_queue *work_queue, uint32_t lanes)
{
    work_queue->lanes = lanes;
    work_queue->log_capacity = lane_log_capacity(lanes);
    rpi_orphaned_work_make(rpi_work_queue_orphaned_work(work_queue), lanes,
                           lane_log_capacity(lanes));
}

void rpi_work_queue_prepare(struct work_queue *work_queue, struct unit_range mine,
                            struct unit_range batch_queue, bool closed)
{
    uint64_t issue = unit_range_length(mine) | (closed ? WORK_QUEUE_CLOSED : 0);
    atomic_store_explicit(&work_queue->issue, issue, memory_order_relaxed);
    atomic_store_explicit(&work_queue->left_by, 0, memory_order_relaxed);
    atomic_store_explicit(&work_queue->failed, 0, memory_order_relaxed);
    atomic_store_explicit(&work_queue->enough, 0, memory_order_relaxed);
    atomic_store_explicit(&work_queue->stop, 0, memory_order_relaxed);
    for (int i = 0; i < BATCH_QUEUES; i++) {
        uint64_t content = i == 0 ? unit_range_pack(batch_queue) : 0;
        atomic_store_explicit(&work_queue->batch_queue[i].finished, 0, memory_order_relaxed);
        atomic_store_explicit(&work_queue->batch_queue[i].attempt, 0, memory_order_relaxed);
        atomic_store_explicit(&work_queue->batch_queue[i].listed, 0, memory_order_relaxed);
        atomic_store_explicit(&work_queue->batch_queue[i].whole, content, memory_order_relaxed);
        atomic_store_explicit(&work_queue->batch_queue[i].left, content, memory_order_relaxed);
    }
}

struct completion_log *rpi_work_queue_log(struct work_queue *work_queue, uint32_t lane)
{
    char *logs = (char *)work_queue + logs_offset(work_queue->lanes);
    return (struct completion_log *)(logs + lane * log_stride(work_queue->log_capacity));
}

void rpi_work_queue_stop(struct work_queue *work_queue)
{
    atomic_store(&work_queue->stop, 1);
    rpi_eventcount_notify_all(&work_queue->signal);
}

void rpi_work_queue_enough(struct work_queue *work_queue, int64_t item)
{
    uint64_t mine = (uint64_t)(item < INT64_MAX ? item + 1 : item);
    uint64_t lowest = atomic_load(&work_queue->enough);
    while ((lowest == 0 || mine < lowest) &&
           !atomic_compare_exchange_weak(&work_queue->enough, &lowest, mine))
        continue;
    rpi_work_queue_stop(work_queue);
}

void rpi_work_queue_interrupt(struct work_queue *work_queue, uint32_t reason)
{
    uint32_t none = 0;
    atomic_compare_exchange_strong(&work_queue->interruption, &none, reason);
    rpi_work_queue_stop(work_queue);
}

void rpi_work_queue_supply(struct work_queue *work_queue, int place, struct unit_range batch)
{
    struct batch_queue *batch_queue = &work_queue->batch_queue[place];
    atomic_fetch_add(&work_queue->issue, unit_range_length(batch));
    atomic_store_explicit(&batch_queue->finished, 0, memory_order_relaxed);
    atomic_store_explicit(&batch_queue->whole, unit_range_pack(batch), memory_order_relaxed);
    atomic_store_explicit(&batch_queue->left, unit_range_pack(batch), memory_order_release);
    rpi_eventcount_notify_all(&work_queue->signal);
}

void rpi_work_queue_set_attempt(struct work_queue *work_queue, int place, uint32_t attempt)
{
    atomic_store_explicit(&work_queue->batch_queue[place].attempt, attempt, memory_order_relaxed);
}

void rpi_work_queue_account(struct work_queue *work_queue, int place, struct unit_range batch,
                            bool held)
{
    if (held)
        atomic_store_explicit(&work_queue->batch_queue[place].listed, unit_range_pack(batch),
                              memory_order_release);
    else
        rpi_orphaned_work_issue(rpi_work_queue_orphaned_work(work_queue), batch);
}

void rpi_work_queue_forget(struct work_queue *work_queue, int place)
{
    atomic_store_explicit(&work_queue->batch_queue[place].listed, 0, memory_order_release);
}

void rpi_work_queue_close(struct work_queue *work_queue)
{
    atomic_fetch_or(&work_queue->issue, WORK_QUEUE_CLOSED);
    rpi_eventcount_notify_all(&work_queue->signal);
}

static uint32_t word_length(_Atomic uint64_t *word)
{
    return unit_range_length(unit_range_unpack(atomic_load_explicit(word, memory_order_acquire)));
}

uint64_t rpi_work_queue_waiting(struct work_queue *work_queue)
{
    uint64_t units = 0;
    for (int i = 0; i < BATCH_QUEUES; i++)
        units += word_length(&work_queue->batch_queue[i].left);
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lane_prepared(work_queue, i))
            units += word_length(&work_queue->lane[i].range);
    }
    return units;
}

uint64_t rpi_work_queue_in_progress(struct work_queue *work_queue)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (!lane_lost_relaxed(work_queue, i))
            units += word_length(&work_queue->lane[i].chunk);
    }
    return units;
}

uint32_t rpi_work_queue_idle(struct work_queue *work_queue)
{
    uint32_t idle = 0;
    for (uint32_t i = 0; i < work_queue->lanes; i++)
        idle += word_length(&work_queue->lane[i].chunk) == 0 || lane_lost_relaxed(work_queue, i);
    return idle;
}

static double lane_units_left(struct lane *lane, double units_per_second, double now)
{
    double units = word_length(&lane->chunk);
    double begun = 1e-9 * (double)atomic_load_explicit(&lane->begun, memory_order_relaxed);
    double left = units - units_per_second * (now - begun);
    return units > 1 && left > 0 && left <= units ? left : units / 2;
}

double rpi_work_queue_until_next(struct work_queue *work_queue, double units_per_second, double now)
{
    uint32_t busy = work_queue->lanes - rpi_work_queue_idle(work_queue);
    double least = -1;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        struct lane *lane = &work_queue->lane[i];
        if (busy == 0 || word_length(&lane->chunk) == 0 || lane_lost_relaxed(work_queue, i))
            continue;
        double left = lane_units_left(lane, units_per_second / busy, now);
        least = least < 0 || left < least ? left : least;
    }
    return least > 0 ? least * busy : 0;
}

bool rpi_work_queue_drained(struct work_queue *work_queue, int place)
{
    return word_length(&work_queue->batch_queue[place].left) == 0;
}

void rpi_work_queue_leave(struct work_queue *work_queue)
{
    atomic_fetch_add_explicit(&work_queue->left_by, 1, memory_order_acq_rel);
}

uint32_t rpi_work_queue_alive(struct work_queue *work_queue)
{
    uint32_t alive = 0;
    for (uint32_t i = 0; i < work_queue->lanes; i++)
        alive += !lane_lost(work_queue, i);
    return alive;
}

static bool any_lost(struct work_queue *work_queue)
{
    return rpi_work_queue_alive(work_queue) < work_queue->lanes;
}

/* Dead ranks do not count themselves in `left_by`. */
bool rpi_work_queue_left(struct work_queue *work_queue)
{
    if (atomic_load_explicit(&work_queue->left_by, memory_order_acquire) == work_queue->lanes)
        return true;
    bool left = any_lost(work_queue);
    for (uint32_t i = 0; i < work_queue->lanes && left; i++)
        left = lane_lost(work_queue, i) || atomic_load(&work_queue->lane[i].parked) == LANE_AWAY;
    return left;
}

int rpi_work_queue_batch_of(struct work_queue *work_queue, uint32_t unit)
{
    for (int i = 0; i < BATCH_QUEUES; i++) {
        uint64_t word =
            atomic_load_explicit(&work_queue->batch_queue[i].whole, memory_order_relaxed);
        struct unit_range whole = unit_range_unpack(word);
        if (whole.low <= unit && unit < whole.high)
            return i;
    }
    return -1;
}

bool rpi_work_queue_needs_recovery(struct work_queue *work_queue)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(work_queue);
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lane_lost(work_queue, i) &&
            rpi_orphaned_work_state(orphaned_work, i) == DEAD_WORKER_NONE)
            return true;
    }
    return rpi_orphaned_work_exhausted(orphaned_work);
}

uint32_t rpi_work_queue_deaths(struct work_queue *work_queue, uint32_t unit)
{
    uint32_t deaths = rpi_orphaned_work_deaths(rpi_work_queue_orphaned_work(work_queue), unit);
    int place = rpi_work_queue_batch_of(work_queue, unit);
    if (place >= 0)
        deaths +=
            atomic_load_explicit(&work_queue->batch_queue[place].attempt, memory_order_relaxed);
    return deaths;
}

struct unit_range rpi_work_queue_batch(struct work_queue *work_queue, int place)
{
    return unit_range_unpack(
        atomic_load_explicit(&work_queue->batch_queue[place].whole, memory_order_relaxed));
}

void rpi_work_queue_finish(struct work_queue *work_queue, struct unit_range chunk)
{
    int place = rpi_work_queue_batch_of(work_queue, chunk.low);
    if (place >= 0)
        atomic_fetch_add_explicit(&work_queue->batch_queue[place].finished,
                                  unit_range_length(chunk), memory_order_acq_rel);
}

static uint32_t range_overlap(struct unit_range a, struct unit_range b)
{
    struct unit_range both = {a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
    return unit_range_length(both);
}

/* Once a rank has died, units of its chunk may have been counted and are then computed again, so
 * only the logs are reliable. Units that were given up count as finished. */
static bool finished_by_logs(struct work_queue *work_queue, struct unit_range batch)
{
    uint32_t finished = 0;
    struct unit_range *log = malloc(work_queue->log_capacity * sizeof *log), given_up = {0, 0};
    for (uint32_t lane = 0; lane < work_queue->lanes && log != NULL; lane++) {
        if (!lane_prepared(work_queue, lane))
            continue;
        uint32_t entries = rpi_completion_log_read(rpi_work_queue_log(work_queue, lane),
                                                   work_queue->log_capacity, log);
        for (uint32_t i = 0; i < entries; i++)
            finished += range_overlap(log[i], batch);
    }
    while (rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(work_queue), &given_up))
        finished += range_overlap(given_up, batch);
    free(log);
    return finished >= unit_range_length(batch);
}

bool rpi_work_queue_finished(struct work_queue *work_queue, int place)
{
    struct batch_queue *batch_queue = &work_queue->batch_queue[place];
    if (any_lost(work_queue))
        return finished_by_logs(work_queue, rpi_work_queue_batch(work_queue, place));
    uint32_t finished = atomic_load_explicit(&batch_queue->finished, memory_order_acquire);
    return finished == word_length(&batch_queue->whole);
}

uint32_t rpi_work_queue_finished_units(struct work_queue *work_queue)
{
    uint32_t done = atomic_load(&rpi_work_queue_orphaned_work(work_queue)->deferred);
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lane_prepared(work_queue, i))
            done += atomic_load(&work_queue->lane[i].done);
    }
    return done;
}

bool rpi_work_queue_done(struct work_queue *work_queue)
{
    uint64_t issue = atomic_load(&work_queue->issue);
    return (issue & WORK_QUEUE_CLOSED) != 0 &&
           rpi_work_queue_finished_units(work_queue) == (uint32_t)issue;
}

bool rpi_work_queue_all_finished(struct work_queue *work_queue)
{
    uint32_t issued = work_queue_issued(work_queue);
    return rpi_work_queue_finished_units(work_queue) == issued;
}
