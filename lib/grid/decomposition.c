#include "grid/decomposition.h"

/* Cost of exchanging a cell at a cut (pack, transfer, unpack) relative to computing a cell. It
 * decides between blocks of nearly the same size. */
static const double cut_cost = 4;

static int64_t at_least_one(int64_t value)
{
    return value > 1 ? value : 1;
}

static int64_t tiling_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The most sides on which one of `blocks` blocks in a row has neighbours. */
static int tiling_sides(int64_t blocks)
{
    return blocks > 2 ? 2 : (int)blocks - 1;
}

/* The cost of one step for the largest block. */
static double tiling_cost(int64_t rows, int64_t columns, int64_t halo, const struct tiling *tiling)
{
    double high = (double)((rows - 1) / tiling->rows + 1);
    double wide = (double)((columns - 1) / tiling->columns + 1);
    double cuts = tiling_sides(tiling->rows) * wide + tiling_sides(tiling->columns) * high;
    return high * wide + cut_cost * (double)halo * cuts;
}

/* Of tilings with equal cost, takes the one with the most blocks along the rows: the edges of rows
 * are contiguous in memory. */
struct tiling rpi_tiling_choose(int64_t rows, int64_t columns, int64_t halo, int64_t ranks)
{
    int64_t most_rows = tiling_min(ranks, at_least_one(rows / halo));
    int64_t most_columns = at_least_one(columns / halo);
    struct tiling best = {0, 0};
    for (int64_t count = most_rows; count >= 1; count--) {
        struct tiling tiling = {count, tiling_min(ranks / count, most_columns)};
        if (best.rows == 0 ||
            tiling_cost(rows, columns, halo, &tiling) < tiling_cost(rows, columns, halo, &best))
            best = tiling;
    }
    return best;
}
