/* How our programs let their work be seen: --progress, --stats, --timeline, --trace, the same in
 * each. */
#ifndef RANKPOOL_APPS_OBSERVATION_H
#define RANKPOOL_APPS_OBSERVATION_H

#include <rankpool.h>
#include <stdbool.h>

/* What the command line asks for. Names of files are its own words, or NULL. */
struct observation {
    rp_progress progress;
    bool stats; /* on stderr, unless there is a file for them */
    const char *stats_file, *timeline, *trace;
};

/* Begins to observe, as asked. Collective. The root complains of files that it could not write at
 * the end, in `program`'s name. */
rp_status observation_begin(rp_pool *pool, const struct observation *observation,
                            const char *program);

/* Tells what was observed. Collective; likewise. */
rp_status observation_end(rp_pool *pool, const struct observation *observation,
                          const char *program);

#endif
