#include "sched/claim.h"

#include "base/clock.h"
#include "sched/suspects.h"

/* A sleeper looks around after this long even without news: the announcers wake it exactly, so this
 * only bounds what an unforeseen loss could cost. It doubles while nothing happens. */
static const double first_sleep = 2e-3, longest_sleep = 50e-3;

static const struct unit_range no_units = {0, 0};

static bool deals_from_batch_queue(rp_schedule schedule)
{
    return schedule == RP_SCHEDULE_GUIDED || schedule == RP_SCHEDULE_FACTORING;
}

struct unit_range rpi_claim_batch_queue(const struct claim_job *job)
{
    return job->random || deals_from_batch_queue(job->choice.schedule) ? job->node : no_units;
}

/* Units in every chunk where the pace does not decide. */
static uint32_t fixed_units(const struct claim_job *job, uint32_t least)
{
    bool whole_share = job->choice.schedule == RP_SCHEDULE_STATIC && job->choice.chunk == 0;
    return whole_share ? UINT32_MAX : least;
}

/* Other numbers for every rank and job. */
static uint64_t seed_of(uint32_t index)
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
        .shares = !deals_from_batch_queue(schedule),
        .steals = schedule == RP_SCHEDULE_ADAPTIVE || schedule == RP_SCHEDULE_DYNAMIC,
        .paced = schedule == RP_SCHEDULE_ADAPTIVE,
        .fixed = fixed_units(job, least),
        .pace = rpi_chunk_policy_start(job->call_overhead, least),
        .rule = {.schedule = schedule, .lanes = work_queue->lanes, .least = least},
        .defers = job->random && job->cautious,
        .cautious = job->cautious,
        .forgoes = job->forgoes,
    };
    rpi_completion_log_start(&claimer->log, rpi_work_queue_log(work_queue, index),
                             work_queue->log_capacity);
    if (job->random)
        claimer->rule.random = seed_of(index);
    struct unit_range share = claimer->shares && !job->random ? job->share : no_units;
    struct lane *lane = claimer->lane;
    atomic_store_explicit(&lane->chunk, unit_range_pack((struct unit_range){share.low, share.low}),
                          memory_order_relaxed);
    atomic_store_explicit(&lane->suspects, 0, memory_order_relaxed);
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
static inline uint32_t next_units(const struct claimer *claimer, bool paced, uint32_t left)
{
    if (paced)
        return rpi_chunk_policy_next(&claimer->pace, left, work_queue_open(claimer->work_queue));
    return claimer->fixed < left ? claimer->fixed : left;
}

static inline void take_in_hand(struct claimer *claimer, struct unit_range chunk)
{
    claimer->chunk = unit_range_pack(chunk);
    claimer->counts.chunks++;
    atomic_store_explicit(&claimer->lane->chunk, claimer->chunk, memory_order_release);
}

/* Pops a chunk from the front of the own range: an empty one if nothing is left. Relaxed: what the
 * range refers to was there before it was published, and this rank published it. */
static inline struct unit_range pop(struct claimer *claimer, bool paced)
{
    _Atomic uint64_t *range = &claimer->lane->range;
    uint64_t word = atomic_load_explicit(range, memory_order_relaxed);
    for (;;) {
        struct unit_range left = unit_range_unpack(word);
        if (unit_range_empty(left))
            return no_units;
        uint32_t units = next_units(claimer, paced, left.high - left.low);
        struct unit_range rest = {left.low + units, left.high};
        if (atomic_compare_exchange_weak_explicit(range, &word, unit_range_pack(rest),
                                                  memory_order_relaxed, memory_order_relaxed)) {
            struct unit_range chunk = {left.low, rest.low};
            take_in_hand(claimer, chunk);
            return chunk;
        }
    }
}

/* The lane with the most left to steal, or NULL. Starting behind the own lane spreads
 * the thieves. */
static struct lane *richest_lane(struct claimer *claimer, uint64_t *word)
{
    struct work_queue *work_queue = claimer->work_queue;
    struct lane *richest = NULL;
    uint32_t most = 0;
    for (uint32_t i = 1; i < work_queue->lanes; i++) {
        uint32_t index = claimer->index + i;
        struct lane *lane =
            &work_queue->lane[index < work_queue->lanes ? index : index - work_queue->lanes];
        if (atomic_load_explicit(&lane->job, memory_order_acquire) != work_queue->job)
            continue;
        uint64_t seen = atomic_load_explicit(&lane->range, memory_order_acquire);
        uint32_t length = unit_range_length(unit_range_unpack(seen));
        if (length > most) {
            most = length;
            richest = lane;
            *word = seen;
        }
    }
    return richest;
}

/* Takes the first units of what was found in hand and offers the rest. Something is in hand before
 * the rest can be stolen in turn, so every steal is progress. */
static void divide_found(struct claimer *claimer, struct unit_range found, uint32_t units)
{
    struct unit_range rest = {found.low + units, found.high};
    take_in_hand(claimer, (struct unit_range){found.low, rest.low});
    atomic_store_explicit(&claimer->lane->range, unit_range_pack(rest), memory_order_release);
    if (!unit_range_empty(rest))
        rpi_eventcount_notify_one(&claimer->work_queue->signal);
}

static void take_found(struct claimer *claimer, struct unit_range found)
{
    divide_found(claimer, found, next_units(claimer, claimer->paced, found.high - found.low));
}

/* Steals the back half of the richest lane's range. */
static bool steal(struct claimer *claimer)
{
    uint64_t word;
    struct lane *victim;
    while ((victim = richest_lane(claimer, &word)) != NULL) {
        struct unit_range range = unit_range_unpack(word);
        uint32_t middle = range.low + (range.high - range.low) / 2;
        struct unit_range rest = {range.low, middle};
        if (atomic_compare_exchange_strong_explicit(&victim->range, &word, unit_range_pack(rest),
                                                    memory_order_acq_rel, memory_order_relaxed)) {
            claimer->counts.steals++;
            take_found(claimer, (struct unit_range){middle, range.high});
            return true;
        }
    }
    return false;
}

static bool others_live(const struct claimer *claimer)
{
    return rpi_work_queue_alive(claimer->work_queue) > 1;
}

/* Takes in hand the next of the units that were in hands that died. */
static bool try_next(struct claimer *claimer)
{
    struct unit_range unit;
    if (!rpi_suspects_next(claimer->lane, &unit))
        return false;
    divide_found(claimer, unit, 1);
    return true;
}

/* One goes into the hand whatever thieves do with the others, so every steal is progress. */
static void try_all(struct claimer *claimer, struct unit_range suspects)
{
    struct unit_range unit = {suspects.low, suspects.low + 1}, others = {unit.high, suspects.high};
    rpi_suspects_keep(claimer->lane, others);
    if (!unit_range_empty(others))
        rpi_eventcount_notify_one(&claimer->work_queue->signal);
    divide_found(claimer, unit, 1);
}

/* Takes a share, or a chunk, of a batch that the node holds. */
static bool draw(struct claimer *claimer)
{
    bool cautious = claimer->cautious && others_live(claimer), suspect;
    struct unit_range taken;
    for (int i = 0; i < RESERVOIRS; i++) {
        struct batch_queue *batch_queue = &claimer->work_queue->batch_queue[i];
        rpi_batch_queue_shuffle(&claimer->rule);
        if (!rpi_batch_queue_take(batch_queue, &claimer->rule, cautious, &taken, &suspect))
            continue;
        claimer->counts.draws++;
        if (suspect)
            try_all(claimer, taken);
        else if (claimer->shares)
            take_found(claimer, taken);
        else
            divide_found(claimer, taken, taken.high - taken.low);
        return true;
    }
    return false;
}

/* Takes over what the dead left, or what others have taken over of what was in dead hands. */
static bool inherit(struct claimer *claimer)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(claimer->work_queue);
    struct unit_range taken;
    bool suspects = !claimer->cautious || (!claimer->forgoes && !others_live(claimer));
    if (suspects && (rpi_orphaned_work_take_suspects(orphaned_work, &taken) ||
                     rpi_suspects_steal(claimer->work_queue, claimer->index, &taken)))
        try_all(claimer, taken);
    else if (rpi_orphaned_work_take(orphaned_work, claimer->rule.least, &taken))
        take_found(claimer, taken);
    else
        return false;
    claimer->counts.draws++;
    return true;
}

/* Leaves what was in hands that died for another round: counts it as done, and leaves it where it
 * is. No other lane lives that might take it. */
static bool forgo(struct claimer *claimer)
{
    bool forgoes = claimer->cautious && claimer->forgoes && !others_live(claimer);
    uint32_t left =
        forgoes ? rpi_orphaned_work_suspects(rpi_work_queue_orphaned_work(claimer->work_queue)) : 0;
    bool more = left > claimer->forgone;
    claimer->finished += more ? left - claimer->forgone : 0;
    claimer->forgone = more ? left : claimer->forgone;
    return more;
}

/* Has this lane had units of the job, or will it never? */
static bool served(struct work_queue *work_queue, struct lane *lane)
{
    return atomic_load_explicit(&lane->lost, memory_order_acquire) != 0 ||
           atomic_load_explicit(&lane->job, memory_order_acquire) != work_queue->job ||
           atomic_load(&lane->parked) == LANE_AWAY ||
           !unit_range_empty(unit_range_unpack(atomic_load(&lane->chunk))) ||
           atomic_load(&lane->done) > 0;
}

/* Does this rank leave the first units to the others? Not for ever: one of them may wait for
 * it. */
static bool claim_defers(struct claimer *claimer)
{
    const double longest = 10;
    struct work_queue *work_queue = claimer->work_queue;
    bool all_served = true;
    for (uint32_t i = 0; i < work_queue->lanes && claimer->defers; i++)
        all_served =
            all_served && (i == claimer->index || served(work_queue, &work_queue->lane[i]));
    claimer->defers = claimer->defers && !all_served && claimer->counts.waited < longest;
    return claimer->defers;
}

static bool find_elsewhere(struct claimer *claimer)
{
    if (claim_defers(claimer))
        return false;
    /* A chunk in hand and the rest behind it: two entries of the log at the most. */
    bool room = rpi_completion_log_room(&claimer->log, 2);
    return try_next(claimer) || draw(claimer) || inherit(claimer) ||
           (claimer->steals && room && steal(claimer));
}

/* Notes that the chunk in hand is finished, where that lengthens the last entry of the log. False:
 * it is still to be noted. */
static inline bool finish_next(struct claimer *claimer)
{
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    bool noted = log_extend(&claimer->log, chunk);
    claimer->finished += noted ? chunk.high - chunk.low : 0;
    return noted;
}

static void finish_chunk(struct claimer *claimer)
{
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    if (unit_range_empty(chunk))
        return;
    log_finish(&claimer->log, chunk);
    claimer->finished += chunk.high - chunk.low;
}

/* Tells what this rank finished, and that it looks for more. Whoever tells last sees that
 * all is done. */
static void flush(struct claimer *claimer)
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

static struct unit_range nothing_more(struct claimer *claimer)
{
    atomic_store(&claimer->lane->parked, LANE_AWAY);
    rpi_eventcount_notify_all(&rpi_work_queue_orphaned_work(claimer->work_queue)->parking);
    return no_units;
}

/* Looks for work beyond the own range, and waits for it until there can be none. Kept out of the
 * way of the hot path. */
__attribute__((noinline)) static struct unit_range search(struct claimer *claimer)
{
    struct work_queue *work_queue = claimer->work_queue;
    double sleep = first_sleep;
    flush(claimer);
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&work_queue->signal);
        if (work_queue_stopped(work_queue))
            return nothing_more(claimer);
        if (recovery_runs(work_queue)) {
            rpi_recovery_park(work_queue, claimer->index, claimer->attend, claimer->attend_closure);
            continue;
        }
        if (find_elsewhere(claimer))
            return unit_range_unpack(claimer->chunk);
        if (forgo(claimer))
            flush(claimer);
        if (rpi_work_queue_done(work_queue))
            return nothing_more(claimer);
        if (rpi_recovery_needed(work_queue)) {
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

static inline struct unit_range pop_or_search(struct claimer *claimer, bool paced)
{
    struct unit_range chunk =
        work_queue_stopped(claimer->work_queue) ? no_units : pop(claimer, paced);
    return unit_range_empty(chunk) ? search(claimer) : chunk;
}

/* One clock reading a chunk: its end is the beginning of the next, unless one was waited for. */
static struct unit_range next_paced_chunk(struct claimer *claimer)
{
    double now = rpi_clock_seconds();
    struct unit_range chunk = unit_range_unpack(claimer->chunk);
    if (!unit_range_empty(chunk) && claimer->chunk_begun >= 0)
        rpi_chunk_policy_learn(&claimer->pace, chunk.high - chunk.low,
                               (now - claimer->chunk_begun) / claimer->crowding);
    uint64_t searches = claimer->counts.steals + claimer->counts.draws;
    finish_chunk(claimer);
    chunk = pop_or_search(claimer, true);
    bool searched = claimer->counts.steals + claimer->counts.draws != searches;
    claimer->chunk_begun = searched ? rpi_clock_seconds() : now;
    return chunk;
}

__attribute__((noinline)) static struct unit_range next_chunk(struct claimer *claimer)
{
    if (claimer->paced)
        return next_paced_chunk(claimer);
    finish_chunk(claimer);
    return pop_or_search(claimer, false);
}

/* The shortest way there is, for single items. On it nothing is called, so nothing has to be kept
 * for after a call, and the chunk stays in a register: each way to memory and back would count. */
struct unit_range rpi_claim_next(struct claimer *claimer)
{
    if (claimer->paced || !finish_next(claimer))
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
    nothing_more(claimer);
}
