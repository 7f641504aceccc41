/* Files of a whole field: a picture (.png) or the numbers themselves (.npy), as the name ends. */
#ifndef RANKPOOL_APPS_DIFFUSION_PICTURE_H
#define RANKPOOL_APPS_DIFFUSION_PICTURE_H

#include "common/output.h"
#include "diffusion/mesh.h"

/* Is that a name we can write? If not, `problem` says why. */
bool picture_known(const char *path, char problem[OUTPUT_PROBLEM_SIZE]);

/* Writes the field; in a picture the colours go from its lowest value to its highest. */
bool picture_write(const struct mesh *mesh, const struct summary *summary, const double *all,
                   const char *path, char problem[OUTPUT_PROBLEM_SIZE]);

#endif
