/* Decomposition of a two-dimensional field into blocks for the ranks. */
#ifndef RANKPOOL_GRID_DECOMPOSITION_H
#define RANKPOOL_GRID_DECOMPOSITION_H

#include <stdint.h>

/* A grid of blocks. If there are fewer blocks than ranks, the last ranks have none. */
struct tiling {
    int64_t rows, columns;
};

/* Chooses a tiling; rows, columns, halo and ranks are at least 1. In a direction in which the field
 * is cut, no block is thinner than the halo. */
struct tiling rpi_tiling_choose(int64_t rows, int64_t columns, int64_t halo, int64_t ranks);

#endif
