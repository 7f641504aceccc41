/* Progress of the job at hand, shown on the root's stderr by a thread of its own, which looks at
 * the board while a job runs and sleeps otherwise. Ranks and agents never wait for it: they leave
 * what it needs in words that it reads. */
#ifndef RANKPOOL_OBSERVE_PROGRESS_H
#define RANKPOOL_OBSERVE_PROGRESS_H

#include "observe/tally.h"
#include "schedule/units.h"

/* What RANKPOOL_PROGRESS says. */
struct progress_wish {
    bool on, off;   /* neither: nothing was said */
    double seconds; /* between lines; 0: as usual */
};

rp_status rpi_progress_wish(struct progress_wish *wish, rp_error *error);

/* Who is looking, and where the numbers come from. */
struct progress_site {
    struct board *board; /* of the root's node */
    int node, nodes, ranks;
};

struct progress_job {
    const char *name, *unit; /* or NULL. They live as long as the job. */
    struct units units;      /* of a loop */
    int64_t window;          /* of a stream, in items; 0: it is no stream */
    int64_t expected;        /* items of a stream; 0: nobody knows */
};

struct progress;

/* Begins to look, if somebody wants to see: *progress stays NULL otherwise. RP_ERR_MEMORY. */
rp_status rpi_progress_make(struct progress **progress, rp_progress manner,
                            const struct progress_wish *wish, const struct progress_site *site);

void rpi_progress_drop(struct progress *progress);

/* A job begins; it has ended, and what was drawn goes. */
void rpi_progress_begin(struct progress *progress, const struct progress_job *job);
void rpi_progress_end(struct progress *progress);

/* Another node tells how far it is. From any thread. */
void rpi_progress_report(struct progress *progress, int node, struct tally tally);

/* The root tells how far its stream is: so many items were consumed, and so many are under way. */
void rpi_progress_stream(struct progress *progress, int64_t consumed, int64_t flying);

#endif
