/* Progress of the current job, shown on the root's stderr by a thread of its own. The thread polls
 * the work queue while a job runs, and sleeps otherwise. Ranks and agents never wait for it: they
 * store progress in words that the thread reads. */
#ifndef RANKPOOL_OBSERVE_PROGRESS_H
#define RANKPOOL_OBSERVE_PROGRESS_H

#include "sched/units.h"
#include "sched/work_queue.h"

/* Progress of a node, read from its work queue and the logs of its lanes while they work. */
struct progress_counters {
    uint64_t done; /* units finished */
    uint32_t busy; /* lanes that are working on a chunk */
};

/* `log_scratch` has room for queue->log_capacity ranges. */
struct progress_counters rpi_progress_counters_read(struct work_queue *queue,
                                                    struct unit_range *log_scratch);

/* The setting in RANKPOOL_PROGRESS. */
struct progress_wish {
    bool on, off;   /* neither: it is not set */
    double seconds; /* between lines; 0: the default */
};

rp_status rpi_progress_wish(struct progress_wish *wish, rp_error *error);

/* The root's node, and the size of the pool. */
struct progress_site {
    struct work_queue *work_queue; /* of the root's node */
    int node, nodes, ranks;
};

#define NO_WINDOW INT64_MAX /* the items of a worklist, which wait, have no limit */

struct progress_job {
    const char *name, *unit; /* or NULL; valid until the job ends */
    struct units units;      /* of a loop */
    int64_t window;          /* of a stream, in items, or NO_WINDOW; 0: not a stream */
    int64_t done;            /* of these items, before: in an earlier run, or an earlier round */
    int64_t expected;        /* items of a stream or of the application's loop; 0: unknown */
    bool own;                /* a loop of the application, which counts items as a stream does */
    /* Reads the items done and waiting of a job that is not told by rpi_progress_stream(). Called
     * by the display's thread until the job ends. May be NULL. */
    void (*read)(void *closure, int64_t *done, int64_t *waiting);
    void *closure;
};

struct progress;

/* Starts the display if it is wanted; else *progress becomes NULL. Fails with RP_ERR_MEMORY. */
rp_status rpi_progress_make(struct progress **progress, rp_progress manner,
                            const struct progress_wish *wish, const struct progress_site *site);

void rpi_progress_drop(struct progress *progress);

/* A job begins; it has ended, and its bar is cleared. `progress` may be NULL. */
void rpi_progress_begin(struct progress *progress, const struct progress_job *job);
void rpi_progress_end(struct progress *progress);

/* Stores the progress of another node. From any thread. */
void rpi_progress_report(struct progress *progress, int node, struct progress_counters counters);

/* Stores the progress of the root's stream: items consumed, and items in flight. */
void rpi_progress_stream(struct progress *progress, int64_t consumed, int64_t flying);

#endif
