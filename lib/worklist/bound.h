/* Branch and bound in a worklist. In its jobs each item lies behind its place in the tree, and each
 * rank's result is followed by its incumbent (sched/incumbent.h), so that both are committed,
 * restored after deaths, and moved with items as everything else. */
#ifndef RANKPOOL_WORKLIST_BOUND_H
#define RANKPOOL_WORKLIST_BOUND_H

#include "pool/pool.h"
#include "sched/deque_group.h"
#include "sched/incumbent.h"

#include <string.h>

/* What a rank needs of it. */
struct worker_bound {
    struct shared_incumbent *shared; /* NULL: no branch and bound; the rest is 0 */
    bool maximise;
    bool at_once; /* a value counts before its task has succeeded, which is never repeated */
    size_t place_bytes, result_offset, witness_size;
    const struct tree_place *place; /* of the current item */
    uint64_t calls, call;           /* of items so far, and the current one */
    uint64_t found_in;              /* the call that found this rank's incumbent */
    bool unshared;                  /* this rank's incumbent is new */
    struct incumbent seen;          /* the shared one, as last seen */
    uint64_t seen_version;
};

/* Checks what a job says about it. */
rp_status rpi_bound_check(const rp_pool *pool, const rp_worklist_job *job, rp_error *error);

/* Bytes of an item with its place, of a result with its incumbent, and of the words that the ranks
 * of a node share, behind the deques. */
size_t rpi_bound_item_bytes(const rp_worklist_job *job);
size_t rpi_bound_result_bytes(const rp_worklist_job *job);
size_t rpi_bound_shared_bytes(const rp_worklist_job *job);

/* The result of no items, to be freed; NULL: no memory. */
void *rpi_bound_identity(const rp_worklist_job *job);

/* Initializes the shared words. One rank does, before others use them. */
void rpi_bound_make(const rp_worklist_job *job, struct deque_group *group);

/* The shared words behind the deques. NULL: the job is no branch and bound. */
struct shared_incumbent *rpi_bound_shared(const rp_worklist_job *job, struct deque_group *group);

/* Stores a seed, or a child of the current item, with its place. */
void rpi_bound_store_seed(const rp_worklist_job *job, void *to, const void *item);

/* Is an item that another node sent valid? */
static inline bool bound_item_valid(const rp_worklist_job *job, const void *stored)
{
    const struct tree_place *place = stored;
    return job->goal == RP_GOAL_NONE || place->depth <= PLACE_LEVELS;
}

/* Is a result that another node sent valid? And its incumbent without the witness; without a goal,
 * none. */
bool rpi_bound_result_valid(const rp_worklist_job *job, const void *result);
void rpi_bound_best(const rp_worklist_job *job, const void *result, struct incumbent *best);

/* Joins two results with their incumbents: left = left (+) right. Returns 0 or combine()'s code. */
int rpi_bound_combine(const rp_worklist_job *job, void *left, const void *right);

/* Stores a result, and the value and the witness of its incumbent, where the job says. */
void rpi_bound_deliver(const rp_worklist_job *job, void *result);

struct worker_bound rpi_worker_bound(const rp_worklist_job *job, struct deque_group *group);

/* After a commit, if this rank's incumbent is new. */
void rpi_bound_share(struct worker_bound *bound, const void *result);

/* A call of an item begins, the entry's item being `stored`. Returns the item without its place. */
static inline const void *bound_begin_call(struct worker_bound *bound, const void *stored)
{
    if (bound->shared == NULL)
        return stored;
    bound->place = stored;
    bound->call = ++bound->calls;
    return (const char *)stored + bound->place_bytes;
}

/* Stores a child of the current item. */
static inline void bound_store_child(const struct worker_bound *bound, uint64_t number,
                                     unsigned char *to, const void *item, size_t item_size)
{
    if (bound->shared != NULL)
        rpi_place_child(bound->place, number, (struct tree_place *)to);
    memcpy(to + bound->place_bytes, item, item_size);
}

#endif
