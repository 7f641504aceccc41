/* Gathers on the root what the ranks recorded: first a profile of each rank, then the events, one
 * rank after the other. */
#ifndef RANKPOOL_OBSERVE_GATHER_PROFILES_H
#define RANKPOOL_OBSERVE_GATHER_PROFILES_H

#include "base/output.h"
#include "observe/clock_offset.h"
#include "observe/profile.h"
#include "pool/pool.h"

/* A report in progress. Ranks other than the root use only `pool` and `offset`. */
struct report {
    rp_pool *pool;
    struct clock_offset offset;
    struct rank_profile *rank_profiles;
    const char **hosts;
    struct profile profile;
    struct output output; /* open if the report goes to a file */
};

/* Gathers the rank profiles, which extend to `now`. Collective, like the next function. Both return
 * MPI's error codes. */
int rpi_gather_profiles(struct report *report, double now);

/* Passes the events of all ranks to the root's sink. */
int rpi_gather_events(const struct report *report, const struct profile_sink *sink);

#endif
