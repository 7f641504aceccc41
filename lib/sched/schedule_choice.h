/* The choice of a schedule: by the job's options, or where they leave it open by
 * RANKPOOL_SCHEDULE. */
#ifndef RANKPOOL_SCHED_SCHEDULE_CHOICE_H
#define RANKPOOL_SCHED_SCHEDULE_CHOICE_H

#include "rankpool.h"

struct schedule_choice {
    rp_schedule schedule;
    int64_t chunk; /* items, 0: as the schedule wants */
};

/* Reads "guided" or "guided,100". False, and nothing stored, for anything else. */
bool rpi_schedule_choice_parse(const char *text, struct schedule_choice *choice);

/* Decides for a job, looking at the environment. RP_ERR_ARGUMENT says what is wrong. */
rp_status rpi_schedule_choice_make(const rp_options *options, struct schedule_choice *choice,
                                   rp_error *error);

#endif
