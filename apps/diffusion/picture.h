/* Files of a whole field: a picture (.png) or the numbers (.npy), by the name's extension. */
#ifndef RANKPOOL_APPS_DIFFUSION_PICTURE_H
#define RANKPOOL_APPS_DIFFUSION_PICTURE_H

#include "diffusion/mesh.h"

#include <rankpool.h>

/* Whether a file of this name can be written. If not, the error has the reason. */
bool picture_known(const char *path, rp_error *error);

/* Writes the field; a picture's colours range from its lowest value to its highest. RP_ERR_IO: the
 * error has a one-line message. */
rp_status picture_write(const struct mesh *mesh, const struct summary *summary, const double *all,
                        const char *path, rp_error *error);

#endif
