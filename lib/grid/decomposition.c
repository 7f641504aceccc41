#include "grid/decomposition.h"

/* Cost of exchanging a cell at a cut (pack, transfer, unpack) relative to computing a cell. It
 * decides between blocks of nearly the same size. */
static const double cut_cost = 4;

static int64_t tiling_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The most blocks in a direction in which the field has that many cells. */
static int64_t tiling_most(int64_t cells, int64_t halo, int64_t ranks)
{
    return cells < halo ? 1 : tiling_min(ranks, cells / halo);
}

/* The most sides on which one of `blocks` blocks in a row has neighbours. */
static int tiling_sides(int64_t blocks)
{
    return blocks > 2 ? 2 : (int)blocks - 1;
}

/* The cost of one step for the largest block. */
static double tiling_cost(const int64_t cells[DIMENSIONS], int64_t halo,
                          const struct tiling *tiling)
{
    double length[DIMENSIONS], cuts = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        length[d] = (double)((cells[d] - 1) / tiling->blocks[d] + 1);
    for (int d = 0; d < DIMENSIONS; d++)
        cuts += tiling_sides(tiling->blocks[d]) * length[(d + 1) % DIMENSIONS] *
                length[(d + 2) % DIMENSIONS];
    return length[LAYERS] * length[ROWS] * length[COLUMNS] + cut_cost * (double)halo * cuts;
}

/* Of tilings with equal cost, takes the one with the most blocks along the layers, then along the
 * rows: the edges of layers, and of rows, are contiguous in memory. */
struct tiling rpi_tiling_choose(const int64_t cells[DIMENSIONS], int64_t halo, int64_t ranks)
{
    int64_t most_columns = tiling_most(cells[COLUMNS], halo, ranks);
    struct tiling best = {{0, 0, 0}};
    double least = 0;
    for (int64_t layers = tiling_most(cells[LAYERS], halo, ranks); layers >= 1; layers--) {
        int64_t left = ranks / layers;
        for (int64_t rows = tiling_most(cells[ROWS], halo, left); rows >= 1; rows--) {
            struct tiling tiling = {{layers, rows, tiling_min(left / rows, most_columns)}};
            double cost = tiling_cost(cells, halo, &tiling);
            if (best.blocks[LAYERS] > 0 && cost >= least)
                continue;
            best = tiling;
            least = cost;
        }
    }
    return best;
}
