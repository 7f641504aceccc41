/* The mesh: rows x columns points inside the unit square, at equal distances from each other and
 * from the border; and the time steps. */
#ifndef RANKPOOL_APPS_DIFFUSION_MESH_H
#define RANKPOOL_APPS_DIFFUSION_MESH_H

#include "diffusion/initial.h"
#include "diffusion/kernel.h"

struct mesh {
    int64_t rows, columns;
    int64_t steps;
    double time_step;
};

/* Properties of a whole field. */
struct summary {
    double minimum, maximum, mean;
    double error; /* the maximum distance from the formula, if there is one */
};

/* The default time step: 4/5 of the longest stable one. */
double mesh_good_step(const struct mesh *mesh);

/* Whether the mesh's time step is stable. */
bool mesh_stable(const struct mesh *mesh);

struct weights mesh_weights(const struct mesh *mesh);

/* Fills the whole field, row by row. */
void mesh_fill(const struct mesh *mesh, const struct initial *initial, double *all);

struct summary mesh_summarize(const struct mesh *mesh, const struct initial *initial,
                              const double *all);

#endif
