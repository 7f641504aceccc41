#include "diffusion/kernel.h"

/* A cell must be computed by the same operations wherever it is in a block; otherwise the result
 * would depend on the number of ranks. So this file is compiled without contraction
 * (-ffp-contract=off in Makefile.am): a compiler may otherwise fuse a product and a sum, which
 * rounds once instead of twice, in one version of a loop and not in another. */
static inline double next_value(double up, double left, double centre, double right, double down,
                                struct weights weights)
{
    double twice = 2 * centre;
    return centre +
           (weights.rows * ((up + down) - twice) + weights.columns * ((left + right) - twice));
}

static void diffuse_row(double *restrict to, const double *restrict up,
                        const double *restrict centre, const double *restrict down, int64_t cells,
                        struct weights weights)
{
    for (int64_t c = 0; c < cells; c++)
        to[c] = next_value(up[c], centre[c - 1], centre[c], centre[c + 1], down[c], weights);
}

void diffuse(double *to, const double *from, int64_t stride, rp_range rows, rp_range columns,
             struct weights weights)
{
    for (int64_t r = rows.begin; r < rows.end; r++) {
        int64_t first = r * stride + columns.begin;
        diffuse_row(to + first, from + first - stride, from + first, from + first + stride,
                    columns.end - columns.begin, weights);
    }
}
