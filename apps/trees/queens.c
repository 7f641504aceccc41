#include "trees/queens.h"

struct queens queens_none(int n)
{
    return (struct queens){.rows_left = n};
}

uint32_t queens_free(const struct queens *board, int n)
{
    uint32_t all = n < 32 ? (UINT32_C(1) << n) - 1 : UINT32_MAX;
    return all & ~(board->columns | board->falling | board->rising);
}

struct queens queens_place(const struct queens *board, uint32_t column)
{
    return (struct queens){board->columns | column, (board->falling | column) << 1,
                           (board->rising | column) >> 1, board->rows_left - 1};
}

uint64_t queens_count(const struct queens *board, int n)
{
    uint64_t count = 0;
    if (board->rows_left == 0)
        return 1;
    for (uint32_t open = queens_free(board, n); open != 0; open &= open - 1) {
        struct queens next = queens_place(board, open & -open);
        count += queens_count(&next, n);
    }
    return count;
}
