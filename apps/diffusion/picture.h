/* Files of a whole field: a picture (.png) or the numbers themselves (.npy), as the name ends. */
#ifndef RANKPOOL_APPS_DIFFUSION_PICTURE_H
#define RANKPOOL_APPS_DIFFUSION_PICTURE_H

#include "diffusion/mesh.h"

#include <rankpool.h>

/* Is that a name we can write? If not, the error says why. */
bool picture_known(const char *path, rp_error *error);

/* Writes the field; in a picture the colours go from its lowest value to its highest. RP_ERR_IO: the
 * error is one line for a person. */
rp_status picture_write(const struct mesh *mesh, const struct summary *summary, const double *all,
                        const char *path, rp_error *error);

#endif
