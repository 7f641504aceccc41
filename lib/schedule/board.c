#include "schedule/board.h"

/* Entries of a lane's log. Guided and factoring hand out at most lanes * log2(2^31) slices in all, and
 * a lane that takes two neighbouring ones has one entry, so 16 a lane hold the worst case. Stealing
 * stops where the log is full, which takes thousands of steals that leave no neighbours. */
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

size_t rpi_board_bytes(uint32_t lanes)
{
    return logs_offset(lanes) + lanes * log_stride(log_capacity(lanes));
}

void rpi_board_make(struct board *board, uint32_t lanes)
{
    board->lanes = lanes;
    board->log_capacity = log_capacity(lanes);
}

void rpi_board_prepare(struct board *board, struct span mine, struct span reservoir)
{
    board->total = span_length(mine);
    atomic_store_explicit(&board->done, 0, memory_order_relaxed);
    atomic_store_explicit(&board->stop, 0, memory_order_relaxed);
    atomic_store_explicit(&board->reservoir, span_pack(reservoir), memory_order_relaxed);
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
