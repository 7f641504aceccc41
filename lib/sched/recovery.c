#include "sched/recovery.h"

#include "sched/interval_set.h"

#include <sched.h>
#include <stdlib.h>

/* A sleeper looks whether somebody died at least so often. */
static const double longest_sleep = 10e-3;

static bool lost(struct work_queue *work_queue, uint32_t lane)
{
    return atomic_load_explicit(&work_queue->lane[lane].lost, memory_order_acquire) != 0;
}

static uint32_t dead_worker_state(struct work_queue *work_queue, uint32_t lane)
{
    struct dead_worker *dead_worker = &rpi_work_queue_orphaned_work(work_queue)->dead_worker[lane];
    return atomic_load_explicit(&dead_worker->state, memory_order_acquire);
}

void rpi_recovery_lose(struct work_queue *work_queue, uint32_t lane)
{
    atomic_store_explicit(&work_queue->lane[lane].lost, 1, memory_order_release);
}

bool rpi_recovery_needed(struct work_queue *work_queue)
{
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lost(work_queue, i) && dead_worker_state(work_queue, i) == DEAD_WORKER_NONE)
            return true;
    }
    return rpi_orphaned_work_exhausted(rpi_work_queue_orphaned_work(work_queue));
}

/* ---- taking office --------------------------------------------------------------------------- */

static uint32_t epoch_of(uint64_t coordinator)
{
    return (uint32_t)(coordinator >> 32);
}

/* A new executor begins an epoch, so that nobody counts as parked who has parked for the last. The
 * successor of a dead one finishes its epoch. */
static bool become_coordinator(struct work_queue *work_queue, uint32_t lane, uint32_t *epoch)
{
    _Atomic uint64_t *word = &rpi_work_queue_orphaned_work(work_queue)->coordinator;
    uint64_t seen = atomic_load(word);
    uint32_t holder = (uint32_t)seen;
    if (holder != 0 && !lost(work_queue, holder - 1))
        return false;
    *epoch = epoch_of(seen) + (holder == 0);
    return atomic_compare_exchange_strong(word, &seen, (uint64_t)*epoch << 32 | (lane + 1));
}

static void leave_office(struct work_queue *work_queue, uint32_t epoch)
{
    atomic_store(&rpi_work_queue_orphaned_work(work_queue)->coordinator, (uint64_t)epoch << 32);
    rpi_eventcount_notify_all(&work_queue->signal);
}

/* ---- waiting for each other ------------------------------------------------------------------ */

/* Has this lane a chunk in hand, and the rest that belongs behind it in its range? Both words are
 * stored one after the other, so in between they do not fit. */
static bool at_work(uint64_t chunk, uint64_t range)
{
    return chunk != LANE_SEEKS && unit_range_unpack(chunk).high == unit_range_unpack(range).low;
}

/* Nothing is on its way from or to this lane that its words do not tell. */
static bool still(struct work_queue *work_queue, uint32_t index, uint32_t epoch)
{
    struct lane *lane = &work_queue->lane[index];
    uint32_t parked = atomic_load(&lane->parked);
    return lost(work_queue, index) || parked == epoch || parked == LANE_AWAY ||
           at_work(atomic_load(&lane->chunk), atomic_load(&lane->range));
}

static void attend_and_wait(struct eventcount *word, uint32_t seen, claim_attend attend,
                            void *closure)
{
    double most = attend != NULL ? attend(closure) : longest_sleep;
    rpi_eventcount_wait(word, seen, false, most < longest_sleep ? most : longest_sleep);
}

static void await_stillness(struct work_queue *work_queue, uint32_t lane, uint32_t epoch,
                            claim_attend attend, void *closure)
{
    struct eventcount *parking = &rpi_work_queue_orphaned_work(work_queue)->parking;
    rpi_eventcount_notify_all(&work_queue->signal);
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        for (;;) {
            uint32_t seen = rpi_eventcount_key(parking);
            if (i == lane || still(work_queue, i, epoch))
                break;
            attend_and_wait(parking, seen, attend, closure);
        }
    }
}

void rpi_recovery_park(struct work_queue *work_queue, uint32_t lane, claim_attend attend,
                       void *closure)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(work_queue);
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&work_queue->signal);
        uint64_t coordinator = atomic_load(&orphaned_work->coordinator);
        if ((uint32_t)coordinator == 0 || work_queue_stopped(work_queue))
            break;
        atomic_store(&work_queue->lane[lane].parked, epoch_of(coordinator));
        rpi_eventcount_notify_all(&orphaned_work->parking);
        if (lost(work_queue, (uint32_t)coordinator - 1))
            rpi_recover(work_queue, lane, attend, closure);
        else
            attend_and_wait(&work_queue->signal, seen, attend, closure);
    }
    atomic_store(&work_queue->lane[lane].parked, 0);
}

/* ---- settling -------------------------------------------------------------------------------- */

/* All that one pass over the work queue needs. */
struct inventory {
    struct work_queue *work_queue;
    struct orphaned_work *orphaned_work;
    struct unit_range *log; /* room for one */
    struct interval_set interval_set;
};

static bool prepared(struct work_queue *work_queue, uint32_t index)
{
    return atomic_load_explicit(&work_queue->lane[index].job, memory_order_acquire) ==
           work_queue->job;
}

struct unit_range rpi_recovery_hand(struct work_queue *work_queue, uint32_t lane,
                                    const struct unit_range *log, uint32_t entries)
{
    struct unit_range hand = unit_range_unpack(atomic_load(&work_queue->lane[lane].chunk));
    for (uint32_t i = 0; i < entries; i++) {
        if (log[i].low <= hand.low && hand.low < log[i].high)
            return (struct unit_range){0, 0};
    }
    return unit_range_empty(hand) ? (struct unit_range){0, 0} : hand;
}

/* A unit in hand and the suspects behind it; or one of the two. */
static struct unit_range both(struct unit_range hand, struct unit_range suspects)
{
    if (unit_range_empty(hand) || unit_range_empty(suspects))
        return unit_range_empty(hand) ? suspects : hand;
    return (struct unit_range){hand.low, suspects.high};
}

/* Follows from the dead lane's words alone, so an executor that dies here can be followed
 * by another. */
static void reap(struct inventory *inventory, uint32_t index)
{
    struct work_queue *work_queue = inventory->work_queue;
    struct orphaned_work *orphaned_work = inventory->orphaned_work;
    struct lane *lane = &work_queue->lane[index];
    struct dead_worker *dead_worker = &orphaned_work->dead_worker[index];
    struct unit_range hand = {0, 0}, suspects = {0, 0};
    uint32_t done = 0;
    bool given_up = false;
    if (prepared(work_queue, index)) {
        uint32_t entries = rpi_completion_log_read(rpi_work_queue_log(work_queue, index),
                                                   work_queue->log_capacity, inventory->log);
        hand = rpi_recovery_hand(work_queue, index, inventory->log, entries);
        suspects = unit_range_unpack(atomic_load(&lane->suspects));
        for (uint32_t i = 0; i < entries && orphaned_work->terms.saved; i++)
            done += unit_range_length(inventory->log[i]);
        given_up = !unit_range_empty(hand) &&
                   rpi_orphaned_work_deaths(orphaned_work, hand.low) +
                           rpi_work_queue_attempt_of(work_queue, hand.low) + 1 >=
                       orphaned_work->terms.limit;
    }
    /* What is given up counts as done, so that the job can end. */
    atomic_store(&lane->done, done + (given_up ? unit_range_length(hand) : 0));
    atomic_store(&lane->range, LANE_EMPTY);
    atomic_store(&dead_worker->hand, unit_range_pack(hand));
    atomic_store(&dead_worker->left, unit_range_pack(given_up ? suspects : both(hand, suspects)));
    atomic_store(&dead_worker->state, given_up ? DEAD_WORKER_GIVEN_UP : DEAD_WORKER_SETTLED);
    if (given_up && orphaned_work->terms.stops)
        rpi_work_queue_stop(work_queue);
}

static void fill_log(struct inventory *inventory, uint32_t index)
{
    struct work_queue *work_queue = inventory->work_queue;
    struct completion_log *log = rpi_work_queue_log(work_queue, index);
    uint32_t entries = rpi_completion_log_read(log, work_queue->log_capacity, inventory->log);
    for (uint32_t i = 0; i < entries; i++)
        rpi_interval_set_add(&inventory->interval_set, inventory->log[i]);
}

/* What a lane has that nobody has settled: it lives, or its death comes next. In that order: what
 * leaves its hand is in its log before. */
static void fill_lane(struct inventory *inventory, uint32_t index)
{
    struct work_queue *work_queue = inventory->work_queue;
    struct lane *lane = &work_queue->lane[index];
    uint64_t chunk, range;
    for (;;) {
        chunk = atomic_load(&lane->chunk);
        range = atomic_load(&lane->range);
        if (chunk == LANE_SEEKS || at_work(chunk, range) || lost(work_queue, index))
            break;
        sched_yield();
    }
    if (chunk != LANE_SEEKS)
        rpi_interval_set_add(&inventory->interval_set, unit_range_unpack(chunk));
    rpi_interval_set_add(&inventory->interval_set, unit_range_unpack(range));
    rpi_interval_set_add(&inventory->interval_set, unit_range_unpack(atomic_load(&lane->suspects)));
    fill_log(inventory, index);
    if (!rpi_completion_log_complete(rpi_work_queue_log(work_queue, index)))
        inventory->interval_set.short_of_memory = true;
}

static void fill_dead_worker(struct inventory *inventory, uint32_t index)
{
    struct dead_worker *dead_worker = &inventory->orphaned_work->dead_worker[index];
    if (dead_worker_state(inventory->work_queue, index) == DEAD_WORKER_GIVEN_UP)
        rpi_interval_set_add(&inventory->interval_set,
                             unit_range_unpack(atomic_load(&dead_worker->hand)));
    rpi_interval_set_add(&inventory->interval_set,
                         unit_range_unpack(atomic_load(&dead_worker->left)));
    if (inventory->orphaned_work->terms.saved && prepared(inventory->work_queue, index))
        fill_log(inventory, index);
}

static void take_inventory(struct inventory *inventory)
{
    struct work_queue *work_queue = inventory->work_queue;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (dead_worker_state(work_queue, i) != DEAD_WORKER_NONE)
            fill_dead_worker(inventory, i);
        else if (prepared(work_queue, i))
            fill_lane(inventory, i);
    }
    for (int i = 0; i < RESERVOIRS; i++)
        rpi_interval_set_add(&inventory->interval_set,
                             unit_range_unpack(atomic_load(&work_queue->batch_queue[i].left)));
}

static const struct unit_range everything = {0, UINT32_MAX};

/* What is not this node's is not missing here: as good as covered. */
static void fill_foreign(struct inventory *inventory)
{
    struct work_queue *work_queue = inventory->work_queue;
    struct orphaned_work *orphaned_work = inventory->orphaned_work;
    struct interval_set ours = {.unit_ranges = NULL};
    struct unit_range unit_range;
    rpi_interval_set_add(&ours, orphaned_work->whole);
    for (uint32_t place = 0; rpi_orphaned_work_next_issue(orphaned_work, &place, &unit_range);)
        rpi_interval_set_add(&ours, unit_range);
    for (int i = 0; i < RESERVOIRS; i++)
        rpi_interval_set_add(&ours,
                             unit_range_unpack(atomic_load(&work_queue->batch_queue[i].listed)));
    uint32_t most = ours.count + 1;
    struct unit_range *foreign = malloc(most * sizeof *foreign);
    uint32_t found = foreign != NULL ? rpi_interval_set_gaps(&ours, everything, foreign, most) : 0;
    for (uint32_t i = 0; i < found; i++)
        rpi_interval_set_add(&inventory->interval_set, foreign[i]);
    if (foreign == NULL || ours.short_of_memory)
        inventory->interval_set.short_of_memory = true;
    free(foreign);
    rpi_interval_set_end(&ours);
}

static bool queue_gaps(struct inventory *inventory)
{
    struct orphaned_work *orphaned_work = inventory->orphaned_work;
    struct unit_range *gaps = malloc(orphaned_work->capacity * sizeof *gaps);
    if (gaps != NULL && !inventory->interval_set.short_of_memory)
        rpi_orphaned_work_queue(orphaned_work, gaps,
                                rpi_interval_set_gaps(&inventory->interval_set, everything, gaps,
                                                      orphaned_work->capacity));
    bool queued = gaps != NULL && !inventory->interval_set.short_of_memory;
    free(gaps);
    return queued;
}

static bool settle(struct work_queue *work_queue)
{
    struct inventory inventory = {.work_queue = work_queue,
                                  .orphaned_work = rpi_work_queue_orphaned_work(work_queue)};
    inventory.log = malloc(work_queue->log_capacity * sizeof *inventory.log);
    if (inventory.log == NULL)
        return false;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lost(work_queue, i) && dead_worker_state(work_queue, i) == DEAD_WORKER_NONE)
            reap(&inventory, i);
    }
    /* First: what comes to the node meanwhile is none of this. */
    fill_foreign(&inventory);
    take_inventory(&inventory);
    bool settled = queue_gaps(&inventory);
    rpi_interval_set_end(&inventory.interval_set);
    free(inventory.log);
    return settled;
}

void rpi_recover(struct work_queue *work_queue, uint32_t lane, claim_attend attend, void *closure)
{
    uint32_t epoch;
    if (!become_coordinator(work_queue, lane, &epoch))
        return;
    await_stillness(work_queue, lane, epoch, attend, closure);
    if (!settle(work_queue)) {
        atomic_store(&rpi_work_queue_orphaned_work(work_queue)->failed, 1);
        rpi_work_queue_stop(work_queue);
    }
    leave_office(work_queue, epoch);
}
