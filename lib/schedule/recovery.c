#include "schedule/recovery.h"

#include "schedule/gaps.h"

#include <sched.h>
#include <stdlib.h>

/* A sleeper looks whether somebody died at least so often. */
static const double longest_sleep = 10e-3;

static bool lost(struct board *board, uint32_t lane)
{
    return atomic_load_explicit(&board->lane[lane].lost, memory_order_acquire) != 0;
}

static uint32_t grave_state(struct board *board, uint32_t lane)
{
    struct grave *grave = &rpi_board_estate(board)->grave[lane];
    return atomic_load_explicit(&grave->state, memory_order_acquire);
}

void rpi_recovery_lose(struct board *board, uint32_t lane)
{
    atomic_store_explicit(&board->lane[lane].lost, 1, memory_order_release);
}

bool rpi_recovery_needed(struct board *board)
{
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (lost(board, i) && grave_state(board, i) == GRAVE_NONE)
            return true;
    }
    return rpi_estate_exhausted(rpi_board_estate(board));
}

/* ---- taking office --------------------------------------------------------------------------- */

static uint32_t epoch_of(uint64_t executor)
{
    return (uint32_t)(executor >> 32);
}

/* A new executor begins an epoch, so that nobody counts as parked who has parked for the last. The
 * successor of a dead one finishes its epoch. */
static bool take_office(struct board *board, uint32_t lane, uint32_t *epoch)
{
    _Atomic uint64_t *word = &rpi_board_estate(board)->executor;
    uint64_t seen = atomic_load(word);
    uint32_t holder = (uint32_t)seen;
    if (holder != 0 && !lost(board, holder - 1))
        return false;
    *epoch = epoch_of(seen) + (holder == 0);
    return atomic_compare_exchange_strong(word, &seen, (uint64_t)*epoch << 32 | (lane + 1));
}

static void leave_office(struct board *board, uint32_t epoch)
{
    atomic_store(&rpi_board_estate(board)->executor, (uint64_t)epoch << 32);
    rpi_signal_all(&board->signal);
}

/* ---- waiting for each other ------------------------------------------------------------------ */

/* Has this lane a slice in hand, and the rest that belongs behind it in its range? Both words are
 * stored one after the other, so in between they do not fit. */
static bool at_work(uint64_t slice, uint64_t range)
{
    return slice != LANE_SEEKS && span_unpack(slice).high == span_unpack(range).low;
}

/* Nothing is on its way from or to this lane that its words do not tell. */
static bool still(struct board *board, uint32_t index, uint32_t epoch)
{
    struct lane *lane = &board->lane[index];
    uint32_t parked = atomic_load(&lane->parked);
    return lost(board, index) || parked == epoch || parked == LANE_AWAY ||
           at_work(atomic_load(&lane->slice), atomic_load(&lane->range));
}

static void attend_and_wait(struct signal_word *word, uint32_t seen, claim_attend attend,
                            void *closure)
{
    double most = attend != NULL ? attend(closure) : longest_sleep;
    rpi_signal_wait(word, seen, false, most < longest_sleep ? most : longest_sleep);
}

static void await_stillness(struct board *board, uint32_t lane, uint32_t epoch, claim_attend attend,
                            void *closure)
{
    struct signal_word *parking = &rpi_board_estate(board)->parking;
    rpi_signal_all(&board->signal);
    for (uint32_t i = 0; i < board->lanes; i++) {
        for (;;) {
            uint32_t seen = rpi_signal_seen(parking);
            if (i == lane || still(board, i, epoch))
                break;
            attend_and_wait(parking, seen, attend, closure);
        }
    }
}

void rpi_recovery_park(struct board *board, uint32_t lane, claim_attend attend, void *closure)
{
    struct estate *estate = rpi_board_estate(board);
    for (;;) {
        uint32_t seen = rpi_signal_seen(&board->signal);
        uint64_t executor = atomic_load(&estate->executor);
        if ((uint32_t)executor == 0 || board_stopped(board))
            break;
        atomic_store(&board->lane[lane].parked, epoch_of(executor));
        rpi_signal_all(&estate->parking);
        if (lost(board, (uint32_t)executor - 1))
            rpi_recover(board, lane, attend, closure);
        else
            attend_and_wait(&board->signal, seen, attend, closure);
    }
    atomic_store(&board->lane[lane].parked, 0);
}

/* ---- settling -------------------------------------------------------------------------------- */

/* All that one pass over the board needs. */
struct inventory {
    struct board *board;
    struct estate *estate;
    struct span *log; /* room for one */
    struct cover cover;
};

static bool prepared(struct board *board, uint32_t index)
{
    return atomic_load_explicit(&board->lane[index].job, memory_order_acquire) == board->job;
}

struct span rpi_recovery_hand(struct board *board, uint32_t lane, const struct span *log,
                              uint32_t entries)
{
    struct span hand = span_unpack(atomic_load(&board->lane[lane].slice));
    for (uint32_t i = 0; i < entries; i++) {
        if (log[i].low <= hand.low && hand.low < log[i].high)
            return (struct span){0, 0};
    }
    return span_empty(hand) ? (struct span){0, 0} : hand;
}

/* A unit in hand and the suspects behind it; or one of the two. */
static struct span both(struct span hand, struct span suspects)
{
    if (span_empty(hand) || span_empty(suspects))
        return span_empty(hand) ? suspects : hand;
    return (struct span){hand.low, suspects.high};
}

/* Follows from the dead lane's words alone, so an executor that dies here can be followed
 * by another. */
static void bury(struct inventory *inventory, uint32_t index)
{
    struct board *board = inventory->board;
    struct estate *estate = inventory->estate;
    struct lane *lane = &board->lane[index];
    struct grave *grave = &estate->grave[index];
    struct span hand = {0, 0}, suspects = {0, 0};
    uint32_t done = 0;
    bool given_up = false;
    if (prepared(board, index)) {
        uint32_t entries =
            rpi_log_read(rpi_board_log(board, index), board->log_capacity, inventory->log);
        hand = rpi_recovery_hand(board, index, inventory->log, entries);
        suspects = span_unpack(atomic_load(&lane->suspects));
        for (uint32_t i = 0; i < entries && estate->terms.kept; i++)
            done += span_length(inventory->log[i]);
        given_up = !span_empty(hand) && rpi_estate_deaths(estate, hand.low) +
                                                rpi_board_attempt_of(board, hand.low) + 1 >=
                                            estate->terms.limit;
    }
    /* What is given up counts as done, so that the job can end. */
    atomic_store(&lane->done, done + (given_up ? span_length(hand) : 0));
    atomic_store(&lane->range, LANE_EMPTY);
    atomic_store(&grave->hand, span_pack(hand));
    atomic_store(&grave->left, span_pack(given_up ? suspects : both(hand, suspects)));
    atomic_store(&grave->state, given_up ? GRAVE_GIVEN_UP : GRAVE_SETTLED);
    if (given_up && estate->terms.stops)
        rpi_board_stop(board);
}

static void cover_log(struct inventory *inventory, uint32_t index)
{
    struct board *board = inventory->board;
    struct interval_log *log = rpi_board_log(board, index);
    uint32_t entries = rpi_log_read(log, board->log_capacity, inventory->log);
    for (uint32_t i = 0; i < entries; i++)
        rpi_cover_add(&inventory->cover, inventory->log[i]);
}

/* What a lane has that nobody has settled: it lives, or its death comes next. In that order: what
 * leaves its hand is in its log before. */
static void cover_lane(struct inventory *inventory, uint32_t index)
{
    struct board *board = inventory->board;
    struct lane *lane = &board->lane[index];
    uint64_t slice, range;
    for (;;) {
        slice = atomic_load(&lane->slice);
        range = atomic_load(&lane->range);
        if (slice == LANE_SEEKS || at_work(slice, range) || lost(board, index))
            break;
        sched_yield();
    }
    if (slice != LANE_SEEKS)
        rpi_cover_add(&inventory->cover, span_unpack(slice));
    rpi_cover_add(&inventory->cover, span_unpack(range));
    rpi_cover_add(&inventory->cover, span_unpack(atomic_load(&lane->suspects)));
    cover_log(inventory, index);
    if (!rpi_log_complete(rpi_board_log(board, index)))
        inventory->cover.short_of_memory = true;
}

static void cover_grave(struct inventory *inventory, uint32_t index)
{
    struct grave *grave = &inventory->estate->grave[index];
    if (grave_state(inventory->board, index) == GRAVE_GIVEN_UP)
        rpi_cover_add(&inventory->cover, span_unpack(atomic_load(&grave->hand)));
    rpi_cover_add(&inventory->cover, span_unpack(atomic_load(&grave->left)));
    if (inventory->estate->terms.kept && prepared(inventory->board, index))
        cover_log(inventory, index);
}

static void take_inventory(struct inventory *inventory)
{
    struct board *board = inventory->board;
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (grave_state(board, i) != GRAVE_NONE)
            cover_grave(inventory, i);
        else if (prepared(board, i))
            cover_lane(inventory, i);
    }
    for (int i = 0; i < RESERVOIRS; i++)
        rpi_cover_add(&inventory->cover, span_unpack(atomic_load(&board->reservoir[i].left)));
}

static const struct span everything = {0, UINT32_MAX};

/* What is not this node's is not missing here: as good as covered. */
static void cover_foreign(struct inventory *inventory)
{
    struct board *board = inventory->board;
    struct estate *estate = inventory->estate;
    struct cover ours = {.spans = NULL};
    struct span span;
    rpi_cover_add(&ours, estate->whole);
    for (uint32_t place = 0; rpi_estate_next_issue(estate, &place, &span);)
        rpi_cover_add(&ours, span);
    for (int i = 0; i < RESERVOIRS; i++)
        rpi_cover_add(&ours, span_unpack(atomic_load(&board->reservoir[i].listed)));
    uint32_t most = ours.count + 1;
    struct span *foreign = malloc(most * sizeof *foreign);
    uint32_t found = foreign != NULL ? rpi_cover_gaps(&ours, everything, foreign, most) : 0;
    for (uint32_t i = 0; i < found; i++)
        rpi_cover_add(&inventory->cover, foreign[i]);
    if (foreign == NULL || ours.short_of_memory)
        inventory->cover.short_of_memory = true;
    free(foreign);
    rpi_cover_end(&ours);
}

static bool queue_gaps(struct inventory *inventory)
{
    struct estate *estate = inventory->estate;
    struct span *gaps = malloc(estate->capacity * sizeof *gaps);
    if (gaps != NULL && !inventory->cover.short_of_memory)
        rpi_estate_queue(estate, gaps,
                         rpi_cover_gaps(&inventory->cover, everything, gaps, estate->capacity));
    bool queued = gaps != NULL && !inventory->cover.short_of_memory;
    free(gaps);
    return queued;
}

static bool settle(struct board *board)
{
    struct inventory inventory = {.board = board, .estate = rpi_board_estate(board)};
    inventory.log = malloc(board->log_capacity * sizeof *inventory.log);
    if (inventory.log == NULL)
        return false;
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (lost(board, i) && grave_state(board, i) == GRAVE_NONE)
            bury(&inventory, i);
    }
    /* First: what comes to the node meanwhile is none of this. */
    cover_foreign(&inventory);
    take_inventory(&inventory);
    bool settled = queue_gaps(&inventory);
    rpi_cover_end(&inventory.cover);
    free(inventory.log);
    return settled;
}

void rpi_recover(struct board *board, uint32_t lane, claim_attend attend, void *closure)
{
    uint32_t epoch;
    if (!take_office(board, lane, &epoch))
        return;
    await_stillness(board, lane, epoch, attend, closure);
    if (!settle(board)) {
        atomic_store(&rpi_board_estate(board)->failed, 1);
        rpi_board_stop(board);
    }
    leave_office(board, epoch);
}
