/* What keeps mpirun from starting ranks. */
#ifndef RANKPOOL_APPS_DOCTOR_START_H
#define RANKPOOL_APPS_DOCTOR_START_H

/* From now on, when this process ends as the supervisor of a launch of which no rank has started, it
 * says why. To be called before rp_launch(). */
void start_watch(void);

#endif
