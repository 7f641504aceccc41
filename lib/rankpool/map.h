/**
 * @file rankpool/map.h
 * @brief Maps: out[i] = f(in[i]).
 *
 * A rank that gives a job an array, or takes part in a stream, lets other ranks reach its memory,
 * by prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY): from then on and until it ends, any process of its
 * user may trace it, also where the system (Yama) would otherwise forbid that.
 */
#ifndef RANKPOOL_MAP_H
#define RANKPOOL_MAP_H

#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A map: out[i] = f(in[i]). The same on every rank, but for addresses. */
typedef struct rp_map_job {
    int64_t n;          /**< items */
    rp_item_fn item;    /**< computes one item; */
    rp_range_fn range;  /**< or this one, a whole chunk: exactly one of the two */
    const void *in;     /**< n inputs, or NULL: the item's index says all */
    size_t in_size;     /**< bytes of an input; 0 without */
    rp_place in_place;  /**< where the inputs are */
    void *out;          /**< n results, or NULL: the tasks themselves keep what they compute */
    size_t out_size;    /**< bytes of a result; 0 without */
    rp_place out_place; /**< where the results are wanted */
    rp_options options;
} rp_map_job;

/**
 * Computes every item once, on whichever rank, and puts result i into out[i]. *Collective.*
 *
 * Node memory of rp_node_alloc() is used where it is, without a copy. Private memory of the root
 * reaches the other ranks of its node in pieces, so that none needs more than 1 MiB beside it (or
 * one item, if that is more). It reaches other nodes in batches, through 16 MiB of node memory (or
 * four items, if those are more); so it does everywhere if the kernel forbids ranks to reach each
 * other's memory (process_vm_readv). Results go back the same ways. `out` wanted on every node or
 * rank is exchanged at the end, where it cannot be stored at once. `out` may be `in` if the sizes
 * are equal; arrays that overlap otherwise are refused.
 *
 * If items fail, the call returns RP_ERR_TASK on every rank, or RP_ERR_TIMEOUT for one that was
 * late, and rp_last_error() names the lowest item that failed; or none (-1), if the job was given
 * up after options.max_failures. Its result is what was there before, or what the task stored. With
 * RP_ON_FAILURE_STOP, which items were done by then may differ from run to run, and an `out` that
 * is exchanged at the end may lack the last of them.
 *
 * @return RP_OK, RP_ERR_TASK, RP_ERR_TIMEOUT, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY,
 *         RP_ERR_STATE (also for a call inside a task), RP_ERR_VERSION. With an error before the
 *         work nothing is written.
 * Cost: two meetings, an exchange of addresses, and for each chunk 5 to 10 ns, or about 50 ns with
 * RP_SCHEDULE_ADAPTIVE, whose chunks last some 50 us.
 */
rp_status rp_map(rp_pool *pool, const rp_map_job *job);

RP_END_DECLARATIONS

#endif
