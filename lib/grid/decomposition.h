/* Decomposition of a field into blocks for the ranks. */
#ifndef RANKPOOL_GRID_DECOMPOSITION_H
#define RANKPOOL_GRID_DECOMPOSITION_H

#include <stdint.h>

/* The dimensions of a field, the one whose cells are farthest apart in memory first. A
 * two-dimensional field is one layer. */
enum dimension {
    LAYERS,
    ROWS,
    COLUMNS,
    DIMENSIONS
};

/* A grid of blocks. If there are fewer blocks than ranks, the last ranks have none. */
struct tiling {
    int64_t blocks[DIMENSIONS];
};

/* Chooses a tiling of a field of that many cells each way; they, halo and ranks are at least 1. In
 * a direction in which the field is cut, no block is thinner than the halo. */
struct tiling rpi_tiling_choose(const int64_t cells[DIMENSIONS], int64_t halo, int64_t ranks);

#endif
