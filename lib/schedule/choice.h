/* The choice of a schedule: by the job's options, or where they leave it open by
 * RANKPOOL_SCHEDULE. */
#ifndef RANKPOOL_SCHEDULE_CHOICE_H
#define RANKPOOL_SCHEDULE_CHOICE_H

#include "rankpool.h"

struct choice {
    rp_schedule schedule;
    int64_t slice; /* items, 0: as the schedule wants */
};

/* Reads "guided" or "guided,100". False, and nothing stored, for anything else. */
bool rpi_choice_parse(const char *text, struct choice *choice);

/* Decides for a job, looking at the environment. RP_ERR_ARGUMENT says what is wrong. */
rp_status rpi_choice_make(const rp_options *options, struct choice *choice, rp_error *error);

#endif
