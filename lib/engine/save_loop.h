/* Checkpoints of user-driven loops: the program supplies the bytes to save for each range. */
#ifndef RANKPOOL_ENGINE_SAVE_LOOP_H
#define RANKPOOL_ENGINE_SAVE_LOOP_H

#include "checkpoint/job_saving.h"
#include "sched/claim.h"

/* All zero if nothing is saved. */
struct loop_saving {
    struct job_saving earlier;
    rp_range rest;             /* part of the current chunk that is not handed out yet */
    rp_range range;            /* the range handed out last */
    const struct saved *entry; /* the saved entry of that range, or NULL */
};

/* Checks that the loop about to be opened matches the saved one, as rpi_checkpoint_check() does. */
rp_status rpi_loop_saving_check(const rp_pool *pool, int64_t n, const rp_options *options,
                                rp_error *error);

/* Call when the loop has been opened. */
void rpi_loop_saving_begin(rp_loop *loop, int64_t n, const rp_options *options);

/* Hands out the next range of a chunk. A saved range is handed out whole, to the rank whose chunk
 * has its first item. False: nothing is left of the chunk. */
bool rpi_loop_saving_next(rp_loop *loop, rp_range *range);

void rpi_loop_saving_end(rp_loop *loop, rp_status status);

#endif
