#include "schedule/claim.h"

#include "base/clock.h"
#include "schedule/suspects.h"

/* A sleeper looks around after this long even without news: the announcers wake it exactly, so this
 * only bounds what an unforeseen loss could cost. It doubles while nothing happens. */
static const double first_sleep = 2e-3, longest_sleep = 50e-3;

static const struct span no_units = {0, 0};

static bool deals_from_reservoir(rp_schedule schedule)
{
    return schedule == RP_GUIDED || schedule == RP_FACTORING;
}

struct span rpi_claim_reservoir(const struct claim_job *job)
{
    return deals_from_reservoir(job->choice.schedule) ? job->node : no_units;
}

/* Units in every slice where the pace does not decide. */
static uint32_t fixed_units(const struct claim_job *job, uint32_t least)
{
    bool whole_share = job->choice.schedule == RP_STATIC && job->choice.slice == 0;
    return whole_share ? UINT32_MAX : least;
}

void rpi_claim_begin(struct claimer *claimer, struct board *board, uint32_t index, double crowding,
                     const struct claim_job *job)
{
    rp_schedule schedule = job->choice.schedule;
    uint32_t least = job->choice.slice > 0 ? rpi_units_for(&job->units, job->choice.slice) : 1;
    *claimer = (struct claimer){
        .board = board,
        .lane = &board->lane[index],
        .index = index,
        .crowding = crowding,
        .shares = !deals_from_reservoir(schedule),
        .steals = schedule == RP_ADAPTIVE || schedule == RP_DYNAMIC,
        .paced = schedule == RP_ADAPTIVE,
        .fixed = fixed_units(job, least),
        .pace = rpi_pace_start(job->call_seconds, least),
        .rule = {.schedule = schedule, .lanes = board->lanes, .least = least},
        .cautious = job->cautious,
        .forgoes = job->forgoes,
    };
    rpi_log_start(&claimer->log, rpi_board_log(board, index), board->log_capacity);
    struct span share = claimer->shares ? job->share : no_units;
    struct lane *lane = claimer->lane;
    atomic_store_explicit(&lane->slice, span_pack((struct span){share.low, share.low}),
                          memory_order_relaxed);
    atomic_store_explicit(&lane->suspects, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->done, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->parked, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->range, span_pack(share), memory_order_release);
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
        return rpi_pace_next(&claimer->pace, left, board_open(claimer->board));
    return claimer->fixed < left ? claimer->fixed : left;
}

static inline void take_in_hand(struct claimer *claimer, struct span slice)
{
    claimer->slice = span_pack(slice);
    claimer->counts.slices++;
    atomic_store_explicit(&claimer->lane->slice, claimer->slice, memory_order_release);
}

/* Pops a slice from the front of the own range: an empty one if nothing is left. Relaxed: what the
 * range refers to was there before it was published, and this rank published it. */
static inline struct span pop(struct claimer *claimer, bool paced)
{
    _Atomic uint64_t *range = &claimer->lane->range;
    uint64_t word = atomic_load_explicit(range, memory_order_relaxed);
    for (;;) {
        struct span left = span_unpack(word);
        if (span_empty(left))
            return no_units;
        uint32_t units = next_units(claimer, paced, left.high - left.low);
        struct span rest = {left.low + units, left.high};
        if (atomic_compare_exchange_weak_explicit(range, &word, span_pack(rest),
                                                  memory_order_relaxed, memory_order_relaxed)) {
            struct span slice = {left.low, rest.low};
            take_in_hand(claimer, slice);
            return slice;
        }
    }
}

/* The lane with the most left to steal, or NULL. Starting behind the own lane spreads
 * the thieves. */
static struct lane *richest_lane(struct claimer *claimer, uint64_t *word)
{
    struct board *board = claimer->board;
    struct lane *richest = NULL;
    uint32_t most = 0;
    for (uint32_t i = 1; i < board->lanes; i++) {
        uint32_t index = claimer->index + i;
        struct lane *lane = &board->lane[index < board->lanes ? index : index - board->lanes];
        if (atomic_load_explicit(&lane->job, memory_order_acquire) != board->job)
            continue;
        uint64_t seen = atomic_load_explicit(&lane->range, memory_order_acquire);
        uint32_t length = span_length(span_unpack(seen));
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
static void divide_found(struct claimer *claimer, struct span found, uint32_t units)
{
    struct span rest = {found.low + units, found.high};
    take_in_hand(claimer, (struct span){found.low, rest.low});
    atomic_store_explicit(&claimer->lane->range, span_pack(rest), memory_order_release);
    if (!span_empty(rest))
        rpi_signal_one(&claimer->board->signal);
}

static void take_found(struct claimer *claimer, struct span found)
{
    divide_found(claimer, found, next_units(claimer, claimer->paced, found.high - found.low));
}

/* Steals the back half of the richest lane's range. */
static bool steal(struct claimer *claimer)
{
    uint64_t word;
    struct lane *victim;
    while ((victim = richest_lane(claimer, &word)) != NULL) {
        struct span range = span_unpack(word);
        uint32_t middle = range.low + (range.high - range.low) / 2;
        struct span rest = {range.low, middle};
        if (atomic_compare_exchange_strong_explicit(&victim->range, &word, span_pack(rest),
                                                    memory_order_acq_rel, memory_order_relaxed)) {
            claimer->counts.steals++;
            take_found(claimer, (struct span){middle, range.high});
            return true;
        }
    }
    return false;
}

static bool others_live(const struct claimer *claimer)
{
    return rpi_board_living(claimer->board) > 1;
}

/* Takes in hand the next of the units that were in hands that died. */
static bool try_next(struct claimer *claimer)
{
    struct span unit;
    if (!rpi_suspects_next(claimer->lane, &unit))
        return false;
    divide_found(claimer, unit, 1);
    return true;
}

/* One goes into the hand whatever thieves do with the others, so every steal is progress. */
static void try_all(struct claimer *claimer, struct span suspects)
{
    struct span unit = {suspects.low, suspects.low + 1}, others = {unit.high, suspects.high};
    rpi_suspects_keep(claimer->lane, others);
    if (!span_empty(others))
        rpi_signal_one(&claimer->board->signal);
    divide_found(claimer, unit, 1);
}

/* Takes a share, or a slice, of a batch that the node holds. */
static bool draw(struct claimer *claimer)
{
    struct span taken;
    for (int i = 0; i < RESERVOIRS; i++) {
        struct reservoir *reservoir = &claimer->board->reservoir[i];
        bool suspect = atomic_load_explicit(&reservoir->attempt, memory_order_relaxed) > 0;
        if (suspect && claimer->cautious && others_live(claimer))
            continue;
        if (!(suspect ? rpi_reservoir_take_part(reservoir, claimer->board->lanes, &taken)
                      : rpi_reservoir_take(reservoir, &claimer->rule, &taken)))
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
    struct estate *estate = rpi_board_estate(claimer->board);
    struct span taken;
    bool suspects = !claimer->cautious || (!claimer->forgoes && !others_live(claimer));
    if (suspects && (rpi_estate_take_suspects(estate, &taken) ||
                     rpi_suspects_steal(claimer->board, claimer->index, &taken)))
        try_all(claimer, taken);
    else if (rpi_estate_take(estate, claimer->rule.least, &taken))
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
    uint32_t left = forgoes ? rpi_estate_suspects(rpi_board_estate(claimer->board)) : 0;
    bool more = left > claimer->forgone;
    claimer->finished += more ? left - claimer->forgone : 0;
    claimer->forgone = more ? left : claimer->forgone;
    return more;
}

static bool find_elsewhere(struct claimer *claimer)
{
    /* A slice in hand and the rest behind it: two entries of the log at the most. */
    bool room = rpi_log_room(&claimer->log, 2);
    return try_next(claimer) || draw(claimer) || inherit(claimer) ||
           (claimer->steals && room && steal(claimer));
}

/* Notes that the slice in hand is finished, where that lengthens the last entry of the log. False:
 * it is still to be noted. */
static inline bool finish_next(struct claimer *claimer)
{
    struct span slice = span_unpack(claimer->slice);
    bool noted = log_extend(&claimer->log, slice);
    claimer->finished += noted ? slice.high - slice.low : 0;
    return noted;
}

static void finish_slice(struct claimer *claimer)
{
    struct span slice = span_unpack(claimer->slice);
    if (span_empty(slice))
        return;
    log_finish(&claimer->log, slice);
    claimer->finished += slice.high - slice.low;
}

/* Tells what this rank finished, and that it looks for more. Whoever tells last sees that
 * all is done. */
static void flush(struct claimer *claimer)
{
    struct board *board = claimer->board;
    struct lane *lane = claimer->lane;
    claimer->slice = 0;
    atomic_store_explicit(&lane->range, LANE_EMPTY, memory_order_relaxed);
    atomic_store(&lane->slice, LANE_SEEKS);
    atomic_store(&lane->parked, 0);
    if (atomic_load_explicit(&lane->done, memory_order_relaxed) == claimer->finished)
        return;
    atomic_store(&lane->done, claimer->finished);
    if (rpi_board_done(board))
        rpi_signal_all(&board->signal);
}

static struct span nothing_more(struct claimer *claimer)
{
    atomic_store(&claimer->lane->parked, LANE_AWAY);
    rpi_signal_all(&rpi_board_estate(claimer->board)->parking);
    return no_units;
}

/* Looks for work beyond the own range, and waits for it until there can be none. Kept out of the
 * way of the hot path. */
__attribute__((noinline)) static struct span search(struct claimer *claimer)
{
    struct board *board = claimer->board;
    double sleep = first_sleep;
    flush(claimer);
    for (;;) {
        uint32_t seen = rpi_signal_seen(&board->signal);
        if (board_stopped(board))
            return nothing_more(claimer);
        if (recovery_runs(board)) {
            rpi_recovery_park(board, claimer->index, claimer->attend, claimer->attend_closure);
            continue;
        }
        if (find_elsewhere(claimer))
            return span_unpack(claimer->slice);
        if (forgo(claimer))
            flush(claimer);
        if (rpi_board_done(board))
            return nothing_more(claimer);
        if (rpi_recovery_needed(board)) {
            rpi_recover(board, claimer->index, claimer->attend, claimer->attend_closure);
            continue;
        }
        if (sleep == first_sleep)
            rpi_signal_one(&board->idle);
        double most = claimer->attend != NULL ? claimer->attend(claimer->attend_closure) : sleep;
        double begun = rpi_clock_seconds();
        rpi_signal_wait(&board->signal, seen, claimer->crowding <= 1, most < sleep ? most : sleep);
        claimer->counts.waited += rpi_clock_seconds() - begun;
        sleep = sleep < longest_sleep ? 2 * sleep : longest_sleep;
    }
}

static inline struct span pop_or_search(struct claimer *claimer, bool paced)
{
    struct span slice = board_stopped(claimer->board) ? no_units : pop(claimer, paced);
    return span_empty(slice) ? search(claimer) : slice;
}

/* One clock reading a slice: its end is the beginning of the next, unless one was waited for. */
static struct span next_paced_slice(struct claimer *claimer)
{
    double now = rpi_clock_seconds();
    struct span slice = span_unpack(claimer->slice);
    if (!span_empty(slice) && claimer->slice_begun >= 0)
        rpi_pace_learn(&claimer->pace, slice.high - slice.low,
                       (now - claimer->slice_begun) / claimer->crowding);
    uint64_t searches = claimer->counts.steals + claimer->counts.draws;
    finish_slice(claimer);
    slice = pop_or_search(claimer, true);
    bool searched = claimer->counts.steals + claimer->counts.draws != searches;
    claimer->slice_begun = searched ? rpi_clock_seconds() : now;
    return slice;
}

__attribute__((noinline)) static struct span next_slice(struct claimer *claimer)
{
    if (claimer->paced)
        return next_paced_slice(claimer);
    finish_slice(claimer);
    return pop_or_search(claimer, false);
}

/* The shortest way there is, for single items. On it nothing is called, so nothing has to be kept
 * for after a call, and the slice stays in a register: each way to memory and back would count. */
struct span rpi_claim_next(struct claimer *claimer)
{
    if (claimer->paced || !finish_next(claimer))
        return next_slice(claimer);
    return pop_or_search(claimer, false);
}

void rpi_claim_leave(struct claimer *claimer, uint32_t finished)
{
    struct span slice = span_unpack(claimer->slice);
    slice.high = slice.low + finished;
    claimer->slice = span_pack(slice);
    finish_slice(claimer);
    claimer->slice = 0;
    nothing_more(claimer);
}
