/* Open MPI's parameter files, which users and administrators write. */
#ifndef RANKPOOL_LAUNCH_PARAMETERS_H
#define RANKPOOL_LAUNCH_PARAMETERS_H

#include <stdbool.h>

/* Does a parameter file contradict a setting? `variable` is the environment variable of the
 * setting, such as OMPI_MCA_btl, which would override the file. A file that excludes components
 * ("^ucx") contradicts only a value that names one of them. */
bool rpi_parameter_is_set(const char *variable, const char *value);

#endif
