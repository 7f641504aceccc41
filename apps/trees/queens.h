/* Placements of queens on a board of n x n squares, one in each row, so that none attacks
 * another. */
#ifndef RANKPOOL_APPS_TREES_QUEENS_H
#define RANKPOOL_APPS_TREES_QUEENS_H

#include <stdint.h>

enum {
    QUEENS_MOST = 32,
    QUEENS_ROWS_AT_ONCE = 8 /* with fewer rows left, a task counts by itself */
};

/* Queens in the rows above: a bit for each column of the next row that one of them attacks. */
struct queens {
    uint32_t columns, falling, rising;
    int32_t rows_left;
};

/* The board without queens. */
struct queens queens_none(int n);

/* Columns of the next row that no queen attacks, a bit each; and the board with one more queen in
 * one of them. */
uint32_t queens_free(const struct queens *board, int n);
struct queens queens_place(const struct queens *board, uint32_t column);

/* The number of ways to complete the board. */
uint64_t queens_count(const struct queens *board, int n);

#endif
