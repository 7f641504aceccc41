/**
 * @file rankpool/map.h
 * @brief Maps: out[i] = f(in[i]).
 *
 * A rank that passes an array to a job, or takes part in a stream, gives other ranks access to its
 * memory by prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY). Until the process ends, any process of the
 * same user may then trace it, even where Yama would otherwise forbid that.
 */
#ifndef RANKPOOL_MAP_H
#define RANKPOOL_MAP_H

#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A map: out[i] = f(in[i]). The same on every rank, except for addresses. */
typedef struct rp_map_job {
    int64_t n;          /**< number of items */
    rp_item_fn item;    /**< computes one item; */
    rp_range_fn range;  /**< or computes a whole chunk: exactly one of the two is set */
    const void *in;     /**< n inputs, or NULL if the item's index is the only input */
    size_t in_size;     /**< bytes per input; 0 if `in` is NULL */
    rp_place in_place;  /**< location of the inputs */
    void *out;          /**< n results, or NULL if the tasks store their results themselves */
    size_t out_size;    /**< bytes per result; 0 if `out` is NULL */
    rp_place out_place; /**< destination of the results */
    rp_options options;
} rp_map_job;

/**
 * Computes every item once, each on some rank, and stores result i in out[i]. *Collective.*
 *
 * Node memory of rp_node_alloc() is used in place. The other ranks of the root's node access the
 * root's private arrays in pieces, each rank buffering at most 1 MiB (or one item, if larger).
 * Other nodes receive them in batches, through 16 MiB of node memory (or four items, if larger);
 * so do all ranks if the kernel forbids access to each other's memory (process_vm_readv). Results
 * take the same path back. An `out` on every node or rank is exchanged at the end, where results
 * cannot be stored directly. `out` may be `in` if the sizes are equal; other overlaps are refused.
 *
 * If items fail, the call returns RP_ERR_TASK on every rank, or RP_ERR_TIMEOUT for an item that
 * exceeded its time limit. rp_last_error() names the lowest item that failed, or none (-1) if the
 * job was abandoned after options.max_failures. The result of a failed item is undefined: either
 * its previous content or what the task stored. With RP_ON_FAILURE_STOP, the set of completed items
 * may differ from run to run, and an `out` that is exchanged at the end may lack the last of them.
 *
 * @return RP_OK, RP_ERR_TASK, RP_ERR_TIMEOUT, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY,
 *         RP_ERR_STATE (also if called in a task), RP_ERR_VERSION. After an error before the first
 *         item, nothing is written.
 * Cost: two barriers, an exchange of addresses, and per chunk 5 to 10 ns, or about 50 ns with
 * RP_SCHEDULE_ADAPTIVE, whose chunks last some 50 us.
 */
rp_status rp_map(rp_pool *pool, const rp_map_job *job);

RP_END_DECLARATIONS

#endif
