/* Keeping what a program's own loop has come to: it says what of each range. */
#ifndef RANKPOOL_POOL_LOOP_KEEPING_H
#define RANKPOOL_POOL_LOOP_KEEPING_H

#include "journal/shelf.h"
#include "schedule/claim.h"

/* Zero: nothing is kept. */
struct loop_keeping {
    bool on;
    int64_t job;
    const struct kept *entries; /* of this loop */
    int64_t count;
    struct shelf shelf;
    rp_range rest;            /* of the slice in hand: not handed out yet */
    rp_range range;           /* handed out last */
    const struct kept *entry; /* of the range, if it is kept */
};

/* Is the loop that is about to be opened the one that is kept? As rpi_checkpoint_check(). */
rp_status rpi_loop_keeping_check(const rp_pool *pool, int64_t n, const rp_options *options,
                                 rp_error *error);

/* The loop has been opened. */
void rpi_loop_keeping_begin(rp_loop *loop, int64_t n, const rp_options *options);

/* Hands out a range of a slice, or, of ranges that are kept, the whole range to whoever has its
 * first item. False: there is nothing left of the slice. */
bool rpi_loop_keeping_next(rp_loop *loop, rp_range *range);

void rpi_loop_keeping_end(rp_loop *loop, rp_status status);

#endif
