/* How did a process end that is not our child? */
#ifndef RANKPOOL_LAUNCH_OBITUARY_H
#define RANKPOOL_LAUNCH_OBITUARY_H

#include <sys/types.h>

/* The wait status, as waitpid() would give it, of a process that is about to be gone, or 0 if
 * there is nothing to tell. Every kernel tells it from the moment when the process's files
 * close until its parent takes note of it; some tell it later, too, of the process at the other
 * end of a channel. */
int rpi_obituary(pid_t process, int channel);

#endif
