/* Telling what was recorded: the ranks' records come together on the root, first what each has to
 * say in short, then the events of one rank after the other. */
#ifndef RANKPOOL_POOL_TELLING_H
#define RANKPOOL_POOL_TELLING_H

#include "observe/story.h"
#include "pool/pool.h"

/* One telling. On ranks other than the root only the offset means anything. */
struct telling {
    rp_pool *pool;
    struct clock_offset offset;
    struct tale *tales;
    const char **hosts;
    struct story story;
    FILE *file; /* to write to; NULL: none */
};

/* Brings the tales together; `now`: until when they go. Collective, as the next. They return MPI's
 * error codes. */
int rpi_telling_tales(struct telling *telling, double now);

/* Has the root's listener hear all events. */
int rpi_telling_events(const struct telling *telling, const struct listener *listener);

#endif
