/* The mesh: rows x columns points inside the unit square, at equal distances from each other and
 * from the border; and the steps in time. */
#ifndef RANKPOOL_APPS_DIFFUSION_MESH_H
#define RANKPOOL_APPS_DIFFUSION_MESH_H

#include "diffusion/initial.h"
#include "diffusion/kernel.h"

struct mesh {
    int64_t rows, columns;
    int64_t steps;
    double time_step;
};

/* What is known of a whole field. */
struct summary {
    double minimum, maximum, mean;
    double error; /* the largest distance from the formula, if there is one */
};

/* The longest step in time that we take by ourselves: 4/5 of what is stable. */
double mesh_good_step(const struct mesh *mesh);

/* Is the mesh's own step stable? */
bool mesh_stable(const struct mesh *mesh);

struct weights mesh_weights(const struct mesh *mesh);

/* Fills the whole field, row by row. */
void mesh_fill(const struct mesh *mesh, const struct initial *initial, double *all);

struct summary mesh_summarize(const struct mesh *mesh, const struct initial *initial,
                              const double *all);

#endif
