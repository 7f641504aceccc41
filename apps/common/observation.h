/* Observation in our programs: --progress, --stats, --timeline, --trace, the same in each. */
#ifndef RANKPOOL_APPS_OBSERVATION_H
#define RANKPOOL_APPS_OBSERVATION_H

#include <rankpool.h>
#include <stdbool.h>

/* Options of the command line. File names point into argv, or are NULL. */
struct observation {
    rp_progress progress;
    bool stats; /* on stderr, unless there is a file for them */
    const char *stats_file, *timeline, *trace;
};

/* Starts observing as requested. Collective. The root reports files that could not be written at
 * the end, in `program`'s name. */
rp_status observation_begin(rp_pool *pool, const struct observation *observation,
                            const char *program);

/* Writes the observations. Collective; errors as above. */
rp_status observation_end(rp_pool *pool, const struct observation *observation,
                          const char *program);

#endif
