/* Reasons for which mpirun cannot start ranks. */
#ifndef RANKPOOL_APPS_DOCTOR_START_H
#define RANKPOOL_APPS_DOCTOR_START_H

/* Makes this process, if it ends as the supervisor of a launch of which no rank has started, print
 * the reason. Call it before rp_launch(). */
void start_watch(void);

#endif
