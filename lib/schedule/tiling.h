/* How a two-dimensional field is cut into blocks for the ranks. */
#ifndef RANKPOOL_SCHEDULE_TILING_H
#define RANKPOOL_SCHEDULE_TILING_H

#include <stdint.h>

/* A grid of blocks. There may be fewer of them than ranks: the last ranks go without. */
struct tiling {
    int64_t rows, columns;
};

/* Chooses it: rows, columns, halo and ranks are at least 1. No block is thinner than the halo in a
 * direction in which the field is cut. */
struct tiling rpi_tiling_choose(int64_t rows, int64_t columns, int64_t halo, int64_t ranks);

#endif
