#include "observe/tally.h"

static uint64_t finished_by(struct board *board, uint32_t lane, struct span *scratch)
{
    uint64_t units = 0;
    uint32_t spans = rpi_log_read(rpi_board_log(board, lane), board->log_capacity, scratch);
    for (uint32_t i = 0; i < spans; i++)
        units += span_length(scratch[i]);
    return units;
}

struct tally rpi_tally_read(struct board *board, struct span *scratch)
{
    struct tally tally = {0, board->lanes - rpi_board_idle(board)};
    for (uint32_t lane = 0; lane < board->lanes; lane++)
        tally.done += finished_by(board, lane, scratch);
    /* A log that was too short misses what lanes have told the board. */
    uint64_t told = rpi_board_finished_units(board);
    if (tally.done < told)
        tally.done = told;
    return tally;
}
