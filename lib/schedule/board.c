#include "schedule/board.h"

#include <stdlib.h>

/* Entries of a lane's log. Guided and factoring hand out at most lanes * log2(2^31) slices in all,
 * and a lane that takes two neighbouring ones has one entry, so 16 a lane hold the worst case.
 * Stealing stops where the log is full, which takes thousands of steals that leave no
 * neighbours. */
static uint32_t log_capacity(uint32_t lanes)
{
    const uint32_t least = 4096, per_lane = 16;
    return lanes > least / per_lane ? lanes * per_lane : least;
}

static size_t log_stride(uint32_t capacity)
{
    return (rpi_log_bytes(capacity) + APART - 1) / APART * APART;
}

static size_t logs_offset(uint32_t lanes)
{
    return sizeof(struct board) + lanes * sizeof(struct lane);
}

static size_t estate_offset(uint32_t lanes)
{
    return logs_offset(lanes) + lanes * log_stride(log_capacity(lanes));
}

size_t rpi_board_bytes(uint32_t lanes)
{
    return estate_offset(lanes) + rpi_estate_bytes(lanes, log_capacity(lanes));
}

struct estate *rpi_board_estate(struct board *board)
{
    return (struct estate *)((char *)board + estate_offset(board->lanes));
}

void rpi_board_make(struct board *board, uint32_t lanes)
{
    board->lanes = lanes;
    board->log_capacity = log_capacity(lanes);
    rpi_estate_make(rpi_board_estate(board), lanes, log_capacity(lanes));
}

void rpi_board_prepare(struct board *board, struct span mine, struct span reservoir, bool closed)
{
    uint64_t issue = span_length(mine) | (closed ? BOARD_CLOSED : 0);
    atomic_store_explicit(&board->issue, issue, memory_order_relaxed);
    atomic_store_explicit(&board->left_by, 0, memory_order_relaxed);
    atomic_store_explicit(&board->failed, 0, memory_order_relaxed);
    atomic_store_explicit(&board->stop, 0, memory_order_relaxed);
    for (int i = 0; i < RESERVOIRS; i++) {
        uint64_t content = i == 0 ? span_pack(reservoir) : 0;
        atomic_store_explicit(&board->reservoir[i].finished, 0, memory_order_relaxed);
        atomic_store_explicit(&board->reservoir[i].attempt, 0, memory_order_relaxed);
        atomic_store_explicit(&board->reservoir[i].listed, 0, memory_order_relaxed);
        atomic_store_explicit(&board->reservoir[i].whole, content, memory_order_relaxed);
        atomic_store_explicit(&board->reservoir[i].left, content, memory_order_relaxed);
    }
}

struct interval_log *rpi_board_log(struct board *board, uint32_t lane)
{
    char *logs = (char *)board + logs_offset(board->lanes);
    return (struct interval_log *)(logs + lane * log_stride(board->log_capacity));
}

void rpi_board_stop(struct board *board)
{
    atomic_store(&board->stop, 1);
    rpi_signal_all(&board->signal);
}

void rpi_board_interrupt(struct board *board, uint32_t reason)
{
    uint32_t none = 0;
    atomic_compare_exchange_strong(&board->interruption, &none, reason);
    rpi_board_stop(board);
}

void rpi_board_supply(struct board *board, int place, struct span batch)
{
    struct reservoir *reservoir = &board->reservoir[place];
    atomic_fetch_add(&board->issue, span_length(batch));
    atomic_store_explicit(&reservoir->finished, 0, memory_order_relaxed);
    atomic_store_explicit(&reservoir->whole, span_pack(batch), memory_order_relaxed);
    atomic_store_explicit(&reservoir->left, span_pack(batch), memory_order_release);
    rpi_signal_all(&board->signal);
}

void rpi_board_suspect(struct board *board, int place, uint32_t attempt)
{
    atomic_store_explicit(&board->reservoir[place].attempt, attempt, memory_order_relaxed);
}

void rpi_board_account(struct board *board, int place, struct span batch, bool held)
{
    if (held)
        atomic_store_explicit(&board->reservoir[place].listed, span_pack(batch),
                              memory_order_release);
    else
        rpi_estate_issue(rpi_board_estate(board), batch);
}

void rpi_board_forget(struct board *board, int place)
{
    atomic_store_explicit(&board->reservoir[place].listed, 0, memory_order_release);
}

void rpi_board_close(struct board *board)
{
    atomic_fetch_or(&board->issue, BOARD_CLOSED);
    rpi_signal_all(&board->signal);
}

static uint32_t length_of(_Atomic uint64_t *word)
{
    return span_length(span_unpack(atomic_load_explicit(word, memory_order_acquire)));
}

uint64_t rpi_board_waiting(struct board *board)
{
    uint64_t units = 0;
    for (int i = 0; i < RESERVOIRS; i++)
        units += length_of(&board->reservoir[i].left);
    for (uint32_t i = 0; i < board->lanes; i++) {
        struct lane *lane = &board->lane[i];
        if (atomic_load_explicit(&lane->job, memory_order_acquire) == board->job)
            units += length_of(&lane->range);
        if (atomic_load_explicit(&lane->lost, memory_order_relaxed) == 0)
            units += length_of(&lane->suspects);
    }
    return units;
}

uint64_t rpi_board_in_hand(struct board *board)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (atomic_load_explicit(&board->lane[i].lost, memory_order_relaxed) == 0)
            units += length_of(&board->lane[i].slice);
    }
    return units;
}

uint32_t rpi_board_idle(struct board *board)
{
    uint32_t idle = 0;
    for (uint32_t i = 0; i < board->lanes; i++)
        idle += length_of(&board->lane[i].slice) == 0 ||
                atomic_load_explicit(&board->lane[i].lost, memory_order_relaxed) != 0;
    return idle;
}

bool rpi_board_drawn(struct board *board, int place)
{
    return length_of(&board->reservoir[place].left) == 0;
}

void rpi_board_leave(struct board *board)
{
    atomic_fetch_add_explicit(&board->left_by, 1, memory_order_acq_rel);
}

uint32_t rpi_board_living(struct board *board)
{
    uint32_t living = 0;
    for (uint32_t i = 0; i < board->lanes; i++)
        living += atomic_load_explicit(&board->lane[i].lost, memory_order_acquire) == 0;
    return living;
}

static bool any_lost(struct board *board)
{
    return rpi_board_living(board) < board->lanes;
}

/* The dead leave without a word. */
bool rpi_board_left(struct board *board)
{
    if (atomic_load_explicit(&board->left_by, memory_order_acquire) == board->lanes)
        return true;
    bool left = any_lost(board);
    for (uint32_t i = 0; i < board->lanes && left; i++)
        left = atomic_load_explicit(&board->lane[i].lost, memory_order_acquire) != 0 ||
               atomic_load(&board->lane[i].parked) == LANE_AWAY;
    return left;
}

int rpi_board_batch_of(struct board *board, uint32_t unit)
{
    for (int i = 0; i < RESERVOIRS; i++) {
        uint64_t word = atomic_load_explicit(&board->reservoir[i].whole, memory_order_relaxed);
        struct span whole = span_unpack(word);
        if (whole.low <= unit && unit < whole.high)
            return i;
    }
    return -1;
}

uint32_t rpi_board_attempt_of(struct board *board, uint32_t unit)
{
    int place = rpi_board_batch_of(board, unit);
    return place >= 0 ? atomic_load_explicit(&board->reservoir[place].attempt, memory_order_relaxed)
                      : 0;
}

struct span rpi_board_batch(struct board *board, int place)
{
    return span_unpack(atomic_load_explicit(&board->reservoir[place].whole, memory_order_relaxed));
}

void rpi_board_finish(struct board *board, struct span slice)
{
    int place = rpi_board_batch_of(board, slice.low);
    if (place >= 0)
        atomic_fetch_add_explicit(&board->reservoir[place].finished, span_length(slice),
                                  memory_order_acq_rel);
}

static uint32_t overlap(struct span a, struct span b)
{
    struct span both = {a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
    return span_length(both);
}

/* Once a rank has died, what it had in hand may have been counted before, and is done again: the
 * logs are what is sure. What was given up counts as finished. */
static bool finished_by_logs(struct board *board, struct span batch)
{
    uint32_t finished = 0;
    struct span *log = malloc(board->log_capacity * sizeof *log), given_up = {0, 0};
    for (uint32_t lane = 0; lane < board->lanes && log != NULL; lane++) {
        if (atomic_load_explicit(&board->lane[lane].job, memory_order_acquire) != board->job)
            continue;
        uint32_t entries = rpi_log_read(rpi_board_log(board, lane), board->log_capacity, log);
        for (uint32_t i = 0; i < entries; i++)
            finished += overlap(log[i], batch);
    }
    while (rpi_estate_next_given_up(rpi_board_estate(board), &given_up))
        finished += overlap(given_up, batch);
    free(log);
    return finished >= span_length(batch);
}

/* Has a lane that lives a part of it? */
static bool held(struct board *board, struct span batch)
{
    bool held = false;
    for (uint32_t i = 0; i < board->lanes && !held; i++) {
        struct lane *lane = &board->lane[i];
        held = atomic_load_explicit(&lane->lost, memory_order_relaxed) == 0 &&
               overlap(span_unpack(atomic_load(&lane->slice)), batch) +
                       overlap(span_unpack(atomic_load(&lane->suspects)), batch) >
                   0;
    }
    return held;
}

bool rpi_board_accounted(struct board *board, int place)
{
    struct span batch = rpi_board_batch(board, place);
    bool all = rpi_board_finished_units(board) == board_issued(board);
    return all || (!held(board, batch) && finished_by_logs(board, batch));
}

bool rpi_board_finished(struct board *board, int place)
{
    struct reservoir *reservoir = &board->reservoir[place];
    if (any_lost(board))
        return finished_by_logs(board, rpi_board_batch(board, place));
    uint32_t finished = atomic_load_explicit(&reservoir->finished, memory_order_acquire);
    return finished == length_of(&reservoir->whole);
}

uint32_t rpi_board_finished_units(struct board *board)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (atomic_load_explicit(&board->lane[i].job, memory_order_acquire) == board->job)
            done += atomic_load(&board->lane[i].done);
    }
    return done;
}

bool rpi_board_done(struct board *board)
{
    uint64_t issue = atomic_load(&board->issue);
    return (issue & BOARD_CLOSED) != 0 && rpi_board_finished_units(board) == (uint32_t)issue;
}
