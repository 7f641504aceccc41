#include "sched/claim.h"

#include "base/clock.h"

/* A waiting rank looks for work after this time even if it is not woken. Every event that it waits
 * for wakes it, so this only bounds the cost of a lost wake-up. It doubles, up to the second, while
 * nothing happens. */
static const double first_sleep = 2e-3, longest_sleep = 50e-3;

static const struct unit_range no_units = {0, 0};

static bool uses_batch_queue(rp_schedule schedule)
{
    return schedule == RP_SCHEDULE_GUIDED || schedule == RP_SCHEDULE_FACTORING;
}

struct unit_range rpi_claim_batch_queue(const struct claim_job *job)
{
    return job->random || uses_batch_queue(job->choice.schedule) ? job->node : no_units;
}

/* Units in every chunk of a schedule that is not adaptive. */
static uint32_t fixed_units(const struct claim_job *job, uint32_t least)
{
    bool whole_share = job->choice.schedule == RP_SCHEDULE_STATIC && job->choice.chunk == 0;
    return whole_share ? UINT32_MAX : least;
}

/* Differs for every rank and job. */
static uint64_t claim_seed(uint32_t index)
{
    uint64_t nanoseconds = (uint64_t)(rpi_clock_seconds() * 1e9);
    return nanoseconds * UINT64_C(0x9e3779b97f4a7c15) + 2 * (uint64_t)index + 1;
}

void rpi_claim_begin(struct claimer *claimer, struct work_queue *work_queue, uint32_t index,
                     double crowding, const struct claim_job *job)
{
    rp_schedule schedule = job->choice.schedule;
    uint32_t least = job->choice.chunk > 0 ? rpi_units_for(&job->units, job->choice.chunk) : 1;
    *claimer = (struct claimer){
        .work_queue = work_queue,
        .lane = &work_queue->lane[index],
        .index = index,
        .crowding = crowding,
        .alone = work_queue->lanes == 1,
        .shares = !uses_batch_queue(schedule),
        .steals = schedule == RP_SCHEDULE_ADAPTIVE || schedule == RP_SCHEDULE_DYNAMIC,
        .paced = schedule == RP_SCHEDULE_ADAPTIVE,
        .fixed = fixed_units(job, least),
        .usual = fixed_units(job, least),
        .policy = rpi_chunk_policy_start(job->costs, least),
        .rule = {.schedule = schedule, .lanes = work_queue->lanes, .least = least},
        .defers = job->random && job->cautious,
        .cautious = job->cautious,
    };
    rpi_completion_log_start(&claimer->log, rpi_work_queue_log(work_queue, index),
                             work_queue->log_capacity);
    if (job->random)
        claimer->rule.random = claim_seed(index);
    struct unit_range share = claimer->shares && !job->random ? job->share : no_units;
    struct lane *lane = claimer->lane;
    atomic_store_explicit(&lane->chunk, unit_range_pack((struct unit_range){share.low, share.low}),
                          memory_order_relaxed);
    atomic_store_explicit(&lane->begun, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->done, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->parked, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->range, unit_range_pack(share), memory_order_release);
    atomic_store_explicit(&lane->job, job->number, memory_order_release);
}

void rpi_claim_attend(struct claimer *claimer, claim_attend attend, void *closure)
{
    claimer->attend = attend;
    claimer->attend_closure = closure;
}

/* Units to take from the front of a range with `left` >= 1 units. */
static inline uint32_t claim_units(const struct claimer *claimer, bool paced, uint32_t left)
{
    if (paced)
        return rpi_chunk_policy_next(&claimer->policy, left, work_queue_open(claimer->work_queue));
    return claimer->fixed < left ? claimer->fixed : left;
}

static inline void start_chunk(struct claimer *claimer, struct unit_range chunk)
{
    claimer->chunk = unit_range_pack(chunk);
    claimer->counts.chunks++;
    atomic_store_explicit(&claimer->lane->chunk, claimer->chunk, memory_order_release);
}

/* A lane without thieves spares itself the compare-and-swap, which costs more than the rest. */
static inline bool claim_range_shrink(struct claimer *claimer, uint64_t *word,
                                      struct unit_range rest)
{
    _Atomic uint64_t *range = &claimer->lane->range;
    if (!claimer->alone)
        return atomic_compare_exchange_weak_explicit(range, word, unit_range_pack(rest),
                                                     memory_order_relaxed, memory_order_relaxed);
    atomic_store_explicit(range, unit_range_pack(rest), memory_order_relaxed);
    return true;
}

/* Pops a chunk from the front of the own range; an empty one if nothing is left. Relaxed, because
 * this rank published the range itself, after everything it refers to. */
static inline struct unit_range pop_chunk(struct claimer *claimer, bool paced)
{
    uint64_t word = atomic_load_explicit(&claimer->lane->range, memory_order_relaxed);
    for (;;) {
        struct unit_range left = unit_range_unpack(word);
        if (unit_range_empty(left))
            return no_units;
        uint32_t units = claim_units(claimer, paced, left.high - left.low);
        struct unit_range rest = {left.low + units, left.high};
        if (claim_range_shrink(claimer, &word, rest)) {
            struct unit_range chunk = {left.low, rest.low};
            start_chunk(claimer, chunk);
            return chunk;
        }
    }
}

static bool others_live(const struct claimer *claimer)
{
    return rpi_work_queue_alive(claimer->work_queue) > 1;
}

/* Leaves this rank suspects to others? Those of a batch were sent here because there are none. */
static bool claim_shuns(const struct claimer *claimer)
{
    struct work_queue *work_queue = claimer->work_queue;
    return claimer->cautious &&
           (rpi_work_queue_orphaned_work(work_queue)->terms.defers || others_live(claimer));
}

/* Returns the lane with the longest range, or NULL. The search starts behind the own lane, which
 * spreads the thieves over the victims. */
static struct lane *longest_lane(struct claimer *claimer, uint64_t *word)
{
    struct work_queue *work_queue = claimer->work_queue;
    struct lane *longest = NULL;
    uint32_t most = 0;
    bool shuns = claim_shuns(claimer);
    for (uint32_t i = 1; i < work_queue->lanes; i++) {
        uint32_t index = claimer->index + i;
        index -= index < work_queue->lanes ? 0 : work_queue->lanes;
        struct lane *lane = &work_queue->lane[index];
        if (!lane_prepared(work_queue, index))
            continue;
        uint64_t seen = atomic_load_explicit(&lane->range, memory_order_acquire);
        uint32_t length = unit_range_length(unit_range_unpack(seen));
        if (length > most && !(shuns && rpi_work_queue_deaths(work_queue, (uint32_t)seen) > 0)) {
            most = length;
            longest = lane;
            *word = seen;
        }
    }
    return longest;
}

/* Starts a chunk of the first units found, or of `whole`, and publishes the rest. The chunk is
 * started before the rest can be stolen in turn, so every steal is progress. Suspects are computed
 * one at a time. */
static void start_found(struct claimer *claimer, struct unit_range found, bool whole)
{
    bool suspect = rpi_work_queue_deaths(claimer->work_queue, found.low) > 0;
    claimer->paced = claimer->rule.schedule == RP_SCHEDULE_ADAPTIVE && !suspect;
    claimer->fixed = suspect ? 1 : claimer->usual;
    claim_untimed(claimer);
    uint32_t length = found.high - found.low,
             units = whole && !suspect ? length : claim_units(claimer, claimer->paced, length);
    struct unit_range rest = {found.low + units, found.high};
    start_chunk(claimer, (struct unit_range){found.low, rest.low});
    atomic_store_explicit(&claimer->lane->range, unit_range_pack(rest), memory_order_release);
    if (!unit_range_empty(rest))
        rpi_eventcount_notify_one(&claimer->work_queue->signal);
}

/* Steals the back half of the longest range. */
static bool claim_steal(struct claimer *claimer)
{
    uint64_t word;
    struct lane *victim;
    while ((victim = longest_lane(claimer, &word)) != NULL) {
        struct unit_range range = unit_range_unpack(word);
        uint32_t middle = range.low + (range.high - range.low) / 2;
        struct unit_range rest = {range.low, middle};
        if (atomic_compare_exchange_strong_explicit(&victim->range, &word, unit_range_pack(rest),
                                                    memory_order_acq_rel, memory_order_relaxed)) {
            claimer->counts.steals++;
            start_found(claimer, (struct unit_range){middle, range.high}, false);
            return true;
        }
    }
    return false;
}

/* Takes a share, or a chunk, of a batch of the node. */
static bool draw_from_batch(struct claimer *claimer)
{
    bool shuns = claimer->cautious && others_live(claimer);
    struct unit_range taken;
    for (int i = 0; i < BATCH_QUEUES; i++) {
        struct batch_queue *batch_queue = &claimer->work_queue->batch_queue[i];
        rpi_batch_queue_shuffle(&claimer->rule);
        if (!rpi_batch_queue_take(batch_queue, &claimer->rule, shuns, &taken))
            continue;
        claimer->counts.draws++;
        start_found(claimer, taken, !claimer->shares);
        return true;
    }
    return false;
}

static bool take_orphaned_work(struct claimer *claimer)
{
    struct unit_range taken;
    if (!rpi_orphaned_work_take(rpi_work_queue_orphaned_work(claimer->work_queue),
                                claimer->rule.least, claim_shuns(claimer), &taken))
        return false;
    start_found(claimer, taken, false);
    claimer->counts.draws++;
    return true;
}

/* Has this lane had units of the job, or will it never have any? */
static bool lane_served(struct work_queue *work_queue, uint32_t index)
{
    struct lane *lane = &work_queue->lane[index];
    return lane_lost(work_queue, index) || !lane_prepared(work_queue, index) ||
           atomic_load(&lane->parked) == LANE_AWAY ||
           !unit_range_empty(unit_range_unpack(atomic_load(&lane->chunk))) ||
           atomic_load(&lane->done) > 0;
}

/* Does this rank leave the first units to the others? Only for a limited time, since one of them
 * may be waiting for this rank. */
static bool claim_defers(struct claimer *claimer)
{
    const double longest = 10;
    struct work_queue *work_queue = claimer->work_queue;
    bool all_served = true;
    for (uint32_t i = 0; i < work_queue->lanes && claimer->defers; i++)
        all_served = all_served && (i == claimer->index || lane_served(work_queue, i));
    claimer->defers = claimer->defers && !all_served && claimer->counts.waited < longest;
    return claimer->defers;
}

static bool find_work(struct claimer *claimer)
{
    if (claim_defers(claimer))
        return false;
    /* The chunk and the rest behind it need at most two entries of the log. */
    bool room = rpi_completion_log_room(&claimer->log, 2);
    return draw_from_batch(claimer) || take_orphaned_work(claimer) ||
           (claimer->steals && room && claim_steal(claimer));
}

/* Records the current chunk as finished if it extends the last entry of the log. Otherwise returns
 * false and records nothing. */
static inline bool finish_adjacent(struct claimer *claimer)
{
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    bool recorded = log_extend(&claimer->log, chunk);
    claimer->finished += recorded ? chunk.high - chunk.low : 0;
    return recorded;
}

static void finish_chunk(struct claimer *claimer)
{
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    if (unit_range_empty(chunk))
        return;
    log_finish(&claimer->log, chunk);
    claimer->finished += chunk.high - chunk.low;
}

/* Publishes how many units this rank has finished, and that it looks for more. The last rank to do
 * so sees that all units are done. */
static void publish_finished(struct claimer *claimer)
{
    struct work_queue *work_queue = claimer->work_queue;
    struct lane *lane = claimer->lane;
    claimer->chunk = 0;
    atomic_store_explicit(&lane->range, LANE_EMPTY, memory_order_relaxed);
    atomic_store(&lane->chunk, LANE_SEEKS);
    atomic_store(&lane->parked, 0);
    if (atomic_load_explicit(&lane->done, memory_order_relaxed) == claimer->finished)
        return;
    atomic_store(&lane->done, claimer->finished);
    if (rpi_work_queue_done(work_queue))
        rpi_eventcount_notify_all(&work_queue->signal);
}

static struct unit_range leave_job(struct claimer *claimer)
{
    atomic_store(&claimer->lane->parked, LANE_AWAY);
    rpi_eventcount_notify_all(&rpi_work_queue_orphaned_work(claimer->work_queue)->parking);
    return no_units;
}

/* Looks for work outside the own range, and waits until there is some or there can be none. Not
 * inlined, to keep it off the hot path. */
__attribute__((noinline)) static struct unit_range search_work(struct claimer *claimer)
{
    struct work_queue *work_queue = claimer->work_queue;
    double sleep = first_sleep;
    publish_finished(claimer);
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&work_queue->signal);
        if (work_queue_stopped(work_queue))
            return leave_job(claimer);
        if (recovery_runs(work_queue)) {
            rpi_recovery_park(work_queue, claimer->index, claimer->attend, claimer->attend_closure);
            continue;
        }
        if (find_work(claimer))
            return unit_range_unpack(claimer->chunk);
        if (rpi_work_queue_done(work_queue))
            return leave_job(claimer);
        if (rpi_work_queue_needs_recovery(work_queue)) {
            rpi_recover(work_queue, claimer->index, claimer->attend, claimer->attend_closure);
            continue;
        }
        if (sleep == first_sleep)
            rpi_eventcount_notify_one(&work_queue->idle);
        double most = claimer->attend != NULL ? claimer->attend(claimer->attend_closure) : sleep;
        double begun = rpi_clock_seconds();
        rpi_eventcount_wait(&work_queue->signal, seen, claimer->crowding <= 1,
                            most < sleep ? most : sleep);
        claimer->counts.waited += rpi_clock_seconds() - begun;
        sleep = sleep < longest_sleep ? 2 * sleep : longest_sleep;
    }
}

/* Inlined into the shortest path below, so that nothing has to survive a call there. */
__attribute__((always_inline)) static inline struct unit_range
pop_or_search(struct claimer *claimer, bool paced)
{
    struct unit_range chunk =
        work_queue_stopped(claimer->work_queue) ? no_units : pop_chunk(claimer, paced);
    return unit_range_empty(chunk) ? search_work(claimer) : chunk;
}

/* Reads the clock once per chunk: its end is the next one's start, unless the rank searched. */
static struct unit_range next_paced_chunk(struct claimer *claimer)
{
    double now = rpi_clock_seconds();
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    if (!unit_range_empty(chunk) && claimer->chunk_begun >= 0)
        rpi_chunk_policy_learn(&claimer->policy, chunk.high - chunk.low,
                               (now - claimer->chunk_begun) / claimer->crowding);
    uint64_t searches = claimer->counts.steals + claimer->counts.draws;
    finish_chunk(claimer);
    chunk = pop_or_search(claimer, true);
    bool searched = claimer->counts.steals + claimer->counts.draws != searches;
    claimer->chunk_begun = searched ? rpi_clock_seconds() : now;
    atomic_store_explicit(&claimer->lane->begun, (uint64_t)(1e9 * claimer->chunk_begun),
                          memory_order_relaxed);
    return chunk;
}

__attribute__((noinline)) static struct unit_range next_chunk(struct claimer *claimer)
{
    if (claimer->paced)
        return next_paced_chunk(claimer);
    finish_chunk(claimer);
    return pop_or_search(claimer, false);
}

/* The shortest path, for single items. It calls no function, so nothing has to survive a call and
 * the chunk stays in a register: each round trip to memory would count. */
struct unit_range rpi_claim_next(struct claimer *claimer)
{
    if (claimer->paced || !finish_adjacent(claimer))
        return next_chunk(claimer);
    return pop_or_search(claimer, false);
}

void rpi_claim_leave(struct claimer *claimer, uint32_t finished)
{
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    chunk.high = chunk.low + finished;
    claimer->chunk = unit_range_pack(chunk);
    finish_chunk(claimer);
    claimer->chunk = 0;
    leave_job(claimer);
}
