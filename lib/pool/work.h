/* Working off a job whose items a function of the program computes: slices are claimed, cut into
 * pieces whose input is brought and whose results are delivered. Shared by map and reduce. */
#ifndef RANKPOOL_POOL_WORK_H
#define RANKPOOL_POOL_WORK_H

#include "pool/job.h"
#include "pool/stage.h"
#include "pool/trial.h"

struct keeping;

struct work {
    rp_pool *pool;
    struct units units;
    struct choice choice;
    double call_seconds;
    const struct array *arrays;
    int array_count;
    int64_t piece; /* items in a piece at most */
    int64_t fence; /* no piece goes beyond a multiple of it; 0: none */
    /* Called on every rank before anybody computes, also where `error` says already that nobody
     * will. What is wrong goes there. Or NULL. */
    void (*begin)(struct work *work, rp_error *error);
    /* Computes a piece; at[i] is where its elements of array i are, or NULL if there is none.
     * Returns how many items are to be delivered, from the first on. */
    int64_t (*compute)(struct work *work, rp_range piece, void *const *at);
    /* Does slice after slice where nothing is to be moved or kept, so that nothing lies between two
     * items but a claim. False: this rank gave up, with *done items of *slice done. Or NULL. */
    bool (*do_at_hand)(struct work *work, rp_range *slice, int64_t *done);
    /* When all have met to end the job: is another round needed, for what ranks took with them that
     * died? Collective, the same answer everywhere; or NULL. */
    bool (*again)(struct work *work);
    void *closure;           /* what these need beside it */
    struct keeping *keeping; /* what comes of the items is kept: pool/keeping.h; or NULL */
    bool fragile;            /* an item that was begun cannot be begun again */
    bool keeps_going;

    bool stopping; /* compute wants all ranks to stop */
    struct rp_task task;
    bool careful; /* the program's function is called by rpi_trial() */
    struct trials trials;
    struct failures failures;
    struct reaches reaches;
    void *buffers[MOST_ARRAYS]; /* of `piece` elements, for arrays that a peer has */
    struct staging staging;
    int place;     /* where on the stage the slice at hand lies */
    int64_t first; /* item of its batch */
};

/* How many items a piece should have, so that its elements fill a cache but not more. */
int64_t rpi_work_piece(const struct array *arrays, int count);

/* A call of the program's function has failed, for good, with this code: notes it, and whether all
 * ranks are to stop. Returns the status of its items. */
rp_status rpi_work_failed(struct work *work, int code);

/* Works off the job that the ranks have met to open, until they have met again. Collective: every
 * rank gets the same status. */
rp_status rpi_work_off(struct work *work);

#endif
