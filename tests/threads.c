#include "threads.h"

#include <stdlib.h>
#include <string.h>

uint32_t next_random(void)
{
    static _Thread_local uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

struct board *make_board(uint32_t threads)
{
    size_t bytes = (rpi_board_bytes(threads) + APART - 1) / APART * APART;
    struct board *board = aligned_alloc(APART, bytes);
    if (board == NULL)
        abort();
    memset(board, 0, bytes);
    rpi_board_make(board, threads);
    return board;
}
