/**
 * @file rankpool/worklist.h
 * @brief Worklists: tasks that make tasks, as in tree searches and adaptive algorithms.
 */
#ifndef RANKPOOL_WORKLIST_H
#define RANKPOOL_WORKLIST_H

#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/**
 * Computes one item: reads it, adds further ones by rp_task_add(), and folds what it found into
 * `result`. Returns 0, or the program's own error code. Otherwise as rp_item_fn.
 *
 * @param[in] item        item_size bytes, aligned to 16; valid during the call
 * @param[in,out] result  what this rank has folded so far, result_size bytes, aligned to 16
 */
typedef int (*rp_work_fn)(rp_task *task, const void *item, void *result);

/** What a branch and bound looks for. */
typedef enum rp_goal {
    RP_GOAL_NONE,     /**< the worklist is no branch and bound */
    RP_GOAL_MINIMISE, /**< the least value */
    RP_GOAL_MAXIMISE  /**< the greatest value */
} rp_goal;

/** A worklist. The same on every rank, except for addresses and the seeds. */
typedef struct rp_worklist_job {
    const void *seeds;     /**< the first items, n of item_size bytes; used on the root only */
    int64_t n;             /**< number of seeds */
    size_t item_size;      /**< bytes of an item, 1 to 65536 */
    rp_work_fn work;       /**< computes an item */
    rp_combine_fn combine; /**< combines two results; must be exactly commutative and associative,
                                such as integer sums, extrema, rp_exact_combine() */
    const void *identity;  /**< result of no items, result_size bytes: combined with any result it
                                gives that result */
    void *result;          /**< on every rank: where it stores its copy of the result */
    size_t result_size;    /**< bytes of a result; with a goal it may be 0, and combine,
                                identity and result NULL */
    int64_t memory;        /**< limit in bytes on a node's waiting items, but the seeds fit in any
                                case; 0: 16 MiB. With a goal an item takes 128 bytes more. */
    rp_options options;    /**< schedule, chunk, on_failure, max_failures and item_status: 0 */
    rp_goal goal;          /**< of a branch and bound: see rp_task_improve(); 0: none */
    double *best;          /**< on every rank, with a goal: where it stores the best value;
                                 if no task has given one, INFINITY, or -INFINITY to maximise */
    void *witness;         /**< on every rank: where it stores the witness of the best value,
                                 unchanged if there is none; or NULL */
    size_t witness_size;   /**< bytes of a witness, 0 if there are none */
} rp_worklist_job;

/**
 * Adds an item to the worklist of the calling task: its next child. The item is copied. It becomes
 * an item of any rank when the task has returned.
 *
 * If the memory for waiting items is full, the calling rank computes the item, and its descendants,
 * during this call: the task must not rely on `result` staying as it is.
 *
 * @param[in] item  item_size bytes
 * @return 0; or the program's error code of the item, if it was computed during this call and
 *         failed, or 1 if it could be neither kept nor computed. Return it from the task.
 * Cost: about 4 ns, and at the first one of an item 10 ns more.
 */
int rp_task_add(rp_task *task, const void *item);

/**
 * The identity of the current item of a worklist, 128 bits: a hash of its parent's and of its
 * number among the parent's children, or of its index among the seeds. It does not depend on ranks
 * or on the order of computation. Two items have the same one with a probability of 2^-128.
 *
 * rp_task_random() in such a task starts stream number `item` of the current item: any numbers from
 * 0, under its identity and options.seed. rp_task_item() is the index of the seed that the item
 * descends from.
 */
void rp_task_path(const rp_task *task, uint64_t path[2]);

/**
 * In a branch and bound: the current item has a solution of this value. At the end every rank has
 * the best value of all, and its witness.
 *
 * Of several with that value, the witness is the one that a single rank would find first: of
 * siblings, and of seeds, it computes the one added last first, and then its descendants before the
 * next sibling; within a task, calls of this function count in their order. (More than 63 levels
 * below the seed this order is not known. There the witness is the least, compared as by memcmp().)
 *
 * Best value and witness are the same in every run, on any number of ranks, also after deaths, if
 * the program does the following; how many items are computed is not.
 *
 * - An item, or a part of a task's own search, may be left out if rp_task_prunable() says so, or if
 *   all its values are worse than rp_task_bound(). If its best value could only *equal*
 *   rp_task_bound(), it may have the witness: only rp_task_prunable() knows.
 * - The order in which a task adds children and calls rp_task_improve() depends on the item only,
 *   except that some are left out. Nothing else depends on the bound: not the result, unless
 *   varying results are wanted, such as the number of items. Where children are left out before
 *   they are added, the paths of those behind them vary, hence rp_task_random().
 *
 * To find a good value early, add the most promising child last.
 *
 * @param[in] value    not NaN
 * @param[in] witness  witness_size bytes, which are copied; the same in every run for this item
 * @return 0; or 1 if the job has no goal, or `value` is NaN. Return it from the task.
 * Cost: some ns if it is no improvement, else some ten, and copying the witness.
 */
int rp_task_improve(rp_task *task, double value, const void *witness);

/**
 * In a branch and bound: can the current item and all its descendants, whose values are at best
 * `bound`, be left out? True if `bound` is worse than the best value that is known, or equal to it
 * and known from an item that precedes them. The task then returns 0. It may also ask for a child,
 * before adding it.
 *
 * `bound` must really bound the values: allow for rounding.
 *
 * All ranks of a node use a new value at once, but if the job has options.retries, only when its
 * task has succeeded. Other nodes get values alone, within milliseconds, so what could only equal
 * another node's best is not left out; on nodes that survive deaths, a rank gets them with the
 * items that it computes next.
 *
 * @return false in a job without a goal, and for NaN
 * Cost: about 3 ns; if `bound` equals the best value, 10 ns.
 */
bool rp_task_prunable(const rp_task *task, double bound);

/**
 * In a branch and bound: the best value that is known on this node. It may differ from run to run.
 *
 * @return INFINITY, or -INFINITY to maximise, if there is none yet; NaN without a goal
 */
double rp_task_bound(const rp_task *task);

/**
 * Computes the seeds, the items that their tasks add, those that these add, and so on, on all
 * ranks, and combines the results. *Collective.*
 *
 * Each rank computes the newest of its waiting items first, so waiting items stay few: about the
 * depth of the tree times the children of an item, for each rank. A rank without items takes half
 * of another's oldest ones, and a node without items borrows half of another node's.
 *
 * The result has the same bits on any number of ranks and nodes, and whatever the order, because
 * `combine` is exact. A task must not let what it does depend on `result`, which depends on the
 * order.
 *
 * If ranks survive deaths (rp_survives()), what a dead rank had finished counts, and its other
 * items are computed by other ranks. An item in which three ranks died ends the job with
 * RP_ERR_LOST.
 *
 * On several nodes whose ranks survive deaths, the root keeps all waiting items of the job: it
 * lends bundles of them to ranks, which compute them for some milliseconds and give back what they
 * found and the items that are left. What a rank has not given back when it dies is computed
 * again. `memory` then limits only the items of a rank.
 *
 * So does the root in a pool with a checkpoint, on one node too. It saves what was found and the
 * items that wait, at intervals and when the job is interrupted or fails; a later run goes on from
 * there, on any number of ranks and nodes. Items whose results had not reached the root by then are
 * repeated: of each rank those of its current bundle, also an item that it completes after the
 * interruption. The root saves between items of its own: what others finish while it computes one
 * is saved after that, or repeated if the job is interrupted meanwhile.
 *
 * @return RP_OK. RP_ERR_TASK: an item, or `combine`, failed; the result is then undefined. The
 *         error's item is the seed that it descends from. RP_ERR_TIMEOUT: an item exceeded its time
 *         limit. RP_ERR_LOST, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE,
 *         RP_ERR_INTERRUPTED, RP_ERR_VERSION.
 * Cost: four barriers; about 10 ns per item of 24 bytes in addition to its task. On several nodes,
 * a thread of each that wakes every 0.1 to 4 ms, and log2(nodes) messages with a result; where they
 * survive deaths, or with a checkpoint, each waiting item may pass through the root, and for items
 * of 100 ns all takes some 2 % longer.
 *
 * Deques of which only one part is shared: Dinan, Larkins, Sadayappan, Krishnamoorthy and
 * Nieplocha: Scalable work stealing, SC09, 2009. Lifelines: Saraswat, Kambadur, Kodali, Grove and
 * Krishnamoorthy: Lifeline-based global load balancing, PPoPP 2011. The end: Dijkstra and Scholten:
 * Termination detection for diffusing computations, Information Processing Letters 11, 1980.
 */
rp_status rp_worklist(rp_pool *pool, const rp_worklist_job *job);

RP_END_DECLARATIONS

#endif
