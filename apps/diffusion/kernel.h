/* The explicit scheme for the heat equation u_t = u_xx + u_yy on a rectangular mesh: forward in
 * time, centred in space (FTCS). */
#ifndef RANKPOOL_APPS_DIFFUSION_KERNEL_H
#define RANKPOOL_APPS_DIFFUSION_KERNEL_H

#include <rankpool.h>

/* Time step divided by the square of the mesh width, between rows and between columns. The scheme
 * is stable while their sum is at most 1/2. */
struct weights {
    double rows, columns;
};

/* One step for some cells of a block whose rows are `stride` cells apart: from the values `from` of
 * the cells and their neighbours to the values `to`. */
void diffuse(double *to, const double *from, int64_t stride, rp_range rows, rp_range columns,
             struct weights weights);

#endif
