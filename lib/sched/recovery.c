#include "sched/recovery.h"

#include "sched/interval_set.h"

#include <sched.h>
#include <stdlib.h>

/* Waiting lanes check for deaths at least this often. */
static const double longest_sleep = 10e-3;

static uint32_t worker_state(struct work_queue *work_queue, uint32_t lane)
{
    return rpi_orphaned_work_state(rpi_work_queue_orphaned_work(work_queue), lane);
}

void rpi_recovery_lose(struct work_queue *work_queue, uint32_t lane)
{
    atomic_store_explicit(&work_queue->lane[lane].lost, 1, memory_order_release);
}

/* ---- coordinator ----------------------------------------------------------------------------- */

static uint32_t epoch_of(uint64_t coordinator)
{
    return (uint32_t)(coordinator >> 32);
}

/* A new coordinator starts an epoch, so that lanes that parked in the last one do not count as
 * parked. The successor of a dead coordinator finishes its epoch. */
static bool become_coordinator(struct work_queue *work_queue, uint32_t lane, uint32_t *epoch)
{
    _Atomic uint64_t *word = &rpi_work_queue_orphaned_work(work_queue)->coordinator;
    uint64_t seen = atomic_load(word);
    uint32_t holder = (uint32_t)seen;
    if (holder != 0 && !lane_lost(work_queue, holder - 1))
        return false;
    *epoch = epoch_of(seen) + (holder == 0);
    return atomic_compare_exchange_strong(word, &seen, (uint64_t)*epoch << 32 | (lane + 1));
}

static void step_down(struct work_queue *work_queue, uint32_t epoch)
{
    atomic_store(&rpi_work_queue_orphaned_work(work_queue)->coordinator, (uint64_t)epoch << 32);
    rpi_eventcount_notify_all(&work_queue->signal);
}

/* ---- waiting for the other lanes ------------------------------------------------------------- */

/* Has this lane a chunk, and the rest behind it in its range? The words are stored one after the
 * other, so they do not fit in between. */
static bool lane_computing(uint64_t chunk, uint64_t range)
{
    return chunk != LANE_SEEKS && unit_range_unpack(chunk).high == unit_range_unpack(range).low;
}

/* Are all units of this lane in its words, and none in transit? */
static bool lane_quiescent(struct work_queue *work_queue, uint32_t index, uint32_t epoch)
{
    struct lane *lane = &work_queue->lane[index];
    uint32_t parked = atomic_load(&lane->parked);
    return lane_lost(work_queue, index) || parked == epoch || parked == LANE_AWAY ||
           lane_computing(atomic_load(&lane->chunk), atomic_load(&lane->range));
}

static void attend_and_wait(struct eventcount *word, uint32_t seen, claim_attend attend,
                            void *closure)
{
    double most = attend != NULL ? attend(closure) : longest_sleep;
    rpi_eventcount_wait(word, seen, false, most < longest_sleep ? most : longest_sleep);
}

static void await_quiescence(struct work_queue *work_queue, uint32_t lane, uint32_t epoch,
                             claim_attend attend, void *closure)
{
    struct eventcount *parking = &rpi_work_queue_orphaned_work(work_queue)->parking;
    rpi_eventcount_notify_all(&work_queue->signal);
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        for (;;) {
            uint32_t seen = rpi_eventcount_key(parking);
            if (i == lane || lane_quiescent(work_queue, i, epoch))
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
        if (lane_lost(work_queue, (uint32_t)coordinator - 1))
            rpi_recover(work_queue, lane, attend, closure);
        else
            attend_and_wait(&work_queue->signal, seen, attend, closure);
    }
    atomic_store(&work_queue->lane[lane].parked, 0);
}

/* ---- finding lost units ---------------------------------------------------------------------- */

/* State of one pass over the work queue. */
struct scan {
    struct work_queue *work_queue;
    struct orphaned_work *orphaned_work;
    struct unit_range *log; /* buffer for a copy of one log */
    struct interval_set covered;
};

struct unit_range rpi_recovery_lost_chunk(struct work_queue *work_queue, uint32_t lane,
                                          const struct unit_range *log, uint32_t entries)
{
    struct unit_range chunk = unit_range_unpack(atomic_load(&work_queue->lane[lane].chunk));
    for (uint32_t i = 0; i < entries; i++) {
        if (log[i].low <= chunk.low && chunk.low < log[i].high)
            return (struct unit_range){0, 0};
    }
    return unit_range_empty(chunk) ? (struct unit_range){0, 0} : chunk;
}

/* Depends on the dead lane's words alone, so if the coordinator dies here another can repeat it. */
static void settle_dead_worker(struct scan *scan, uint32_t index)
{
    struct work_queue *work_queue = scan->work_queue;
    struct orphaned_work *orphaned_work = scan->orphaned_work;
    struct lane *lane = &work_queue->lane[index];
    struct dead_worker *dead_worker = &orphaned_work->dead_worker[index];
    struct unit_range chunk = {0, 0};
    uint32_t done = 0;
    bool given_up = false;
    if (lane_prepared(work_queue, index)) {
        uint32_t entries = rpi_completion_log_read(rpi_work_queue_log(work_queue, index),
                                                   work_queue->log_capacity, scan->log);
        chunk = rpi_recovery_lost_chunk(work_queue, index, scan->log, entries);
        for (uint32_t i = 0; i < entries && orphaned_work->terms.saved; i++)
            done += unit_range_length(scan->log[i]);
        given_up = !unit_range_empty(chunk) &&
                   rpi_work_queue_deaths(work_queue, chunk.low) + 1 >= orphaned_work->terms.limit;
    }
    /* Units given up count as done, so that the job can end. */
    atomic_store(&lane->done, done + (given_up ? unit_range_length(chunk) : 0));
    atomic_store(&lane->range, LANE_EMPTY);
    atomic_store(&dead_worker->chunk, unit_range_pack(chunk));
    atomic_store(&dead_worker->state, given_up ? DEAD_WORKER_GIVEN_UP : DEAD_WORKER_SETTLED);
    if (given_up && orphaned_work->terms.stops)
        rpi_work_queue_stop(work_queue);
}

static void scan_log(struct scan *scan, uint32_t index)
{
    struct work_queue *work_queue = scan->work_queue;
    struct completion_log *log = rpi_work_queue_log(work_queue, index);
    uint32_t entries = rpi_completion_log_read(log, work_queue->log_capacity, scan->log);
    for (uint32_t i = 0; i < entries; i++)
        rpi_interval_set_add(&scan->covered, scan->log[i]);
}

/* Adds the units of a lane that is alive, or whose death will be handled next. The order matters: a
 * chunk is in the log before it leaves the lane's `chunk`. */
static void scan_lane(struct scan *scan, uint32_t index)
{
    struct work_queue *work_queue = scan->work_queue;
    struct lane *lane = &work_queue->lane[index];
    uint64_t chunk, range;
    for (;;) {
        chunk = atomic_load(&lane->chunk);
        range = atomic_load(&lane->range);
        if (chunk == LANE_SEEKS || lane_computing(chunk, range) || lane_lost(work_queue, index))
            break;
        sched_yield();
    }
    if (chunk != LANE_SEEKS)
        rpi_interval_set_add(&scan->covered, unit_range_unpack(chunk));
    rpi_interval_set_add(&scan->covered, unit_range_unpack(range));
    scan_log(scan, index);
    if (!rpi_completion_log_complete(rpi_work_queue_log(work_queue, index)))
        scan->covered.short_of_memory = true;
}

static void scan_dead_worker(struct scan *scan, uint32_t index)
{
    struct dead_worker *dead_worker = &scan->orphaned_work->dead_worker[index];
    if (worker_state(scan->work_queue, index) == DEAD_WORKER_GIVEN_UP)
        rpi_interval_set_add(&scan->covered, unit_range_unpack(atomic_load(&dead_worker->chunk)));
    if (scan->orphaned_work->terms.saved && lane_prepared(scan->work_queue, index))
        scan_log(scan, index);
}

static void scan_lanes(struct scan *scan)
{
    struct work_queue *work_queue = scan->work_queue;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (worker_state(work_queue, i) != DEAD_WORKER_NONE)
            scan_dead_worker(scan, i);
        else if (lane_prepared(work_queue, i))
            scan_lane(scan, i);
    }
    for (int i = 0; i < BATCH_QUEUES; i++)
        rpi_interval_set_add(&scan->covered,
                             unit_range_unpack(atomic_load(&work_queue->batch_queue[i].left)));
}

static const struct unit_range everything = {0, UINT32_MAX};

/* Adds the units of other nodes, which are not lost on this one. */
static void scan_other_nodes(struct scan *scan)
{
    struct work_queue *work_queue = scan->work_queue;
    struct orphaned_work *orphaned_work = scan->orphaned_work;
    struct interval_set ours = {.unit_ranges = NULL};
    struct unit_range unit_range;
    rpi_interval_set_add(&ours, orphaned_work->whole);
    for (uint32_t place = 0; rpi_orphaned_work_next_issue(orphaned_work, &place, &unit_range);)
        rpi_interval_set_add(&ours, unit_range);
    for (int i = 0; i < BATCH_QUEUES; i++)
        rpi_interval_set_add(&ours,
                             unit_range_unpack(atomic_load(&work_queue->batch_queue[i].listed)));
    uint32_t most = ours.count + 1;
    struct unit_range *elsewhere = malloc(most * sizeof *elsewhere);
    uint32_t found =
        elsewhere != NULL ? rpi_interval_set_gaps(&ours, everything, elsewhere, most) : 0;
    for (uint32_t i = 0; i < found; i++)
        rpi_interval_set_add(&scan->covered, elsewhere[i]);
    if (elsewhere == NULL || ours.short_of_memory)
        scan->covered.short_of_memory = true;
    free(elsewhere);
    rpi_interval_set_end(&ours);
}

/* Returns the first part of a range whose units were in progress in the same deaths. */
static struct unit_range recovery_part(struct work_queue *work_queue, struct unit_range range)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(work_queue);
    struct unit_range chunk;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (rpi_orphaned_work_lost_chunk(orphaned_work, i, &chunk))
            range = unit_range_part(range, chunk);
    }
    for (int i = 0; i < BATCH_QUEUES; i++)
        range = unit_range_part(range, rpi_work_queue_batch(work_queue, i));
    return range;
}

/* Finds the units that are lost, and which of them are suspects. */
static bool divide_gaps(struct scan *scan, struct interval_set *others,
                        struct interval_set *suspects)
{
    uint32_t most = scan->covered.count + 1;
    struct unit_range *gaps = malloc(most * sizeof *gaps);
    uint32_t found =
        gaps != NULL ? rpi_interval_set_gaps(&scan->covered, everything, gaps, most) : 0;
    for (uint32_t i = 0; i < found; i++) {
        while (!unit_range_empty(gaps[i])) {
            struct unit_range part = recovery_part(scan->work_queue, gaps[i]);
            bool suspect = rpi_work_queue_deaths(scan->work_queue, part.low) > 0;
            rpi_interval_set_add(suspect ? suspects : others, part);
            gaps[i].low = part.high;
        }
    }
    free(gaps);
    return gaps != NULL && !scan->covered.short_of_memory && !others->short_of_memory &&
           !suspects->short_of_memory;
}

static bool queue_lost_units(struct scan *scan)
{
    struct orphaned_work *orphaned_work = scan->orphaned_work;
    struct interval_set others = {.unit_ranges = NULL}, suspects = {.unit_ranges = NULL};
    bool found = divide_gaps(scan, &others, &suspects);
    uint32_t deferred = 0;
    if (orphaned_work->terms.defers && rpi_work_queue_alive(scan->work_queue) == 1) {
        for (uint32_t i = 0; i < suspects.count; i++)
            deferred += unit_range_length(suspects.unit_ranges[i]);
        suspects.count = 0;
    }
    if (found) {
        rpi_orphaned_work_queue(orphaned_work, &others, &suspects);
        atomic_store(&orphaned_work->deferred, deferred);
    }
    rpi_interval_set_end(&others);
    rpi_interval_set_end(&suspects);
    return found;
}

static bool recover_lost_units(struct work_queue *work_queue)
{
    struct scan scan = {.work_queue = work_queue,
                        .orphaned_work = rpi_work_queue_orphaned_work(work_queue)};
    scan.log = malloc(work_queue->log_capacity * sizeof *scan.log);
    if (scan.log == NULL)
        return false;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (lane_lost(work_queue, i) && worker_state(work_queue, i) == DEAD_WORKER_NONE)
            settle_dead_worker(&scan, i);
    }
    /* First, so that units that arrive meanwhile count as those of other nodes. */
    scan_other_nodes(&scan);
    scan_lanes(&scan);
    bool settled = queue_lost_units(&scan);
    rpi_interval_set_end(&scan.covered);
    free(scan.log);
    return settled;
}

void rpi_recover(struct work_queue *work_queue, uint32_t lane, claim_attend attend, void *closure)
{
    uint32_t epoch;
    if (!become_coordinator(work_queue, lane, &epoch))
        return;
    await_quiescence(work_queue, lane, epoch, attend, closure);
    if (!recover_lost_units(work_queue)) {
        atomic_store(&rpi_work_queue_orphaned_work(work_queue)->failed, 1);
        rpi_work_queue_stop(work_queue);
    }
    step_down(work_queue, epoch);
}
