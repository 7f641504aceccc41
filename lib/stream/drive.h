/* A stream whose root is driven by a function of the caller: it sees results before it produces
 * further items, by steps of its own (stream/root.h) in place of rpi_stream_serve(). The other
 * ranks run as in every stream. */
#ifndef RANKPOOL_STREAM_DRIVE_H
#define RANKPOOL_STREAM_DRIVE_H

#include "stream/root.h"

struct stream_driver {
    enum call call; /* the call of this job */
    rp_error error; /* that this rank found in its arguments; RP_OK: none */
    int64_t n;      /* term JOB_N of the vote */
    double seconds; /* the watchdog looks for late calls as if this were their time limit */
    const struct stream_shown *shown; /* what progress shows; NULL: items of the stream */
    void (*begin)(void *closure); /* called on every rank after the agreement on the job; or NULL */
    /* NULL: the root runs as in every stream, and fails if an item does. Called on the root once,
     * when the first round is open. Each time that rpi_stream_round_drained() is true it has to
     * call rpi_stream_next_round(). It sets stream->exhausted if it succeeds, or calls
     * rpi_stream_fail(). */
    void (*drive)(struct stream *stream, void *closure);
    void *closure;
};

/* Runs a stream; driver NULL: as rp_stream(). Collective. Results of a stream with a driver are not
 * saved: its caller knows which items are the same in a later run. */
rp_status rpi_stream_run(rp_pool *pool, const rp_stream_job *job,
                         const struct stream_driver *driver);

/* Called by the driver: ends this round and opens the next one, on all ranks. False: the stream has
 * ended, and the driver must not use it any more. */
bool rpi_stream_next_round(struct stream *stream);

#endif
