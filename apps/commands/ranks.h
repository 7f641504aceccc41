/* Runs the commands on all ranks, by a stream.
 *
 * The root hands out commands and takes results at any time, so the stream does not have it run
 * any, but for a single rank. A thread of the root runs its share beside. */
#ifndef RANKPOOL_APPS_COMMANDS_RANKS_H
#define RANKPOOL_APPS_COMMANDS_RANKS_H

#include "commands/settings.h"

#include <rankpool.h>
#include <stdint.h>

/* Collective. Reports errors on stderr. `failures`, on the root: the commands that failed. */
rp_status ranks_run(rp_pool *pool, const struct settings *settings, int64_t *failures);

#endif
