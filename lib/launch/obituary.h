/* How did a process end that is not our child? */
#ifndef RANKPOOL_LAUNCH_OBITUARY_H
#define RANKPOOL_LAUNCH_OBITUARY_H

#include <sys/types.h>

/* The wait status, as waitpid() would give it, of a process that is about to be gone; the kernel
 * tells it from the moment when its files close until its parent takes note of it. 0 if it is too
 * late, or if there is nothing to tell. */
int rpi_obituary(pid_t process);

#endif
