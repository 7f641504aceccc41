/* The deques of a node: looking for items elsewhere, the end, and deaths.
 *
 * A rank is idle only while its deque is empty and it takes nothing. Entries are in the deques of
 * ranks that are not idle, and in those of dead ranks; so when all living ranks are idle and the
 * deques of the dead are settled and empty, there are none. A rank that is no longer idle counts an
 * activation before it takes anything: who saw all ranks idle, one after the other, and no
 * activation meanwhile, saw them idle at the same time.
 *
 * Shared words:
 * idle         of a deque: 1 while its rank is idle; stored by the rank (seq_cst).
 * idlers       number of idle ranks; seq_cst fetch_add. An owner that shares entries (seq_cst)
 *              notifies the work queue's signal if there are any: either it sees the idle rank, or
 *              that one sees the entries.
 * activations  seq_cst fetch_add by ranks that end being idle, and by those that have settled a
 *              deque, before they are idle again.
 * over         1 once a rank has seen that there are no entries; seq_cst, before it notifies.
 *
 * Where nodes lend items to each other, the node's link has a deque too, the last one, from which
 * it takes no items to compute: it steals what it lends, and shares what it has borrowed. Only the
 * link puts entries into a group whose ranks are all idle, so it decides when the job is over:
 * ranks wake it, by the work queue's `idle`, when they have nothing to do. */
#ifndef RANKPOOL_SCHED_DEQUE_GROUP_H
#define RANKPOOL_SCHED_DEQUE_GROUP_H

#include "sched/recovery.h"
#include "sched/split_deque.h"
#include "sched/work_queue.h"

struct deque_group {
    alignas(DEQUE_APART) _Atomic uint32_t idlers;
    _Atomic uint32_t over;
    alignas(DEQUE_APART) _Atomic uint32_t activations;
    uint32_t deques, ranks; /* more deques than ranks: the last is the link's */
    alignas(DEQUE_APART) unsigned char memory[];
};

/* Bytes of a group. */
size_t rpi_deque_group_bytes(uint32_t deques, const struct deque_shape *shape);

/* Initializes a group of empty deques with this result, of `ranks` ranks and perhaps a link. Those
 * of ranks that are dead already are settled. Called by one rank before others use it. */
void rpi_deque_group_make(struct deque_group *group, struct work_queue *work_queue, uint32_t deques,
                          uint32_t ranks, const struct deque_shape *shape, const void *identity);

struct split_deque *rpi_deque_group_at(struct deque_group *group, uint32_t index);

/* How a rank waits, and what it counts. */
struct deque_search {
    struct deque_group *group;
    struct work_queue *work_queue; /* its signal, its `stop`, and which ranks are dead */
    struct deque_owner *owner;
    bool spin;           /* each rank has a core */
    bool cautious;       /* takes nothing that dead ranks left while other ranks live: the death of
                            this one would end the job */
    claim_attend attend; /* called while waiting, may find deaths; or NULL */
    void *attend_closure;
    uint64_t steals;
    double waited; /* seconds */
};

/* For a rank whose private part is empty after a commit: takes entries from the shared part of its
 * own deque or of others. Waits until there are some. False: there are none left, or the job was
 * stopped. */
bool rpi_deque_search(struct deque_search *search);

/* After a commit that shared entries: wakes an idle rank. */
void rpi_deque_group_shared(struct deque_group *group, struct work_queue *work_queue);

/* For the link: are there no entries, and all ranks idle? Does a deque share entries? Ends the
 * job: ranks that search find nothing. */
bool rpi_deque_group_drained(struct deque_group *group);
bool rpi_deque_group_shares(struct deque_group *group);
void rpi_deque_group_end(struct deque_group *group, struct work_queue *work_queue);

/* Sums over all deques: items done, and entries that wait, an estimate. From any thread. */
void rpi_deque_group_count(struct deque_group *group, int64_t *done, int64_t *waiting);

/* Are ranks idle? Only a hint. */
static inline bool deque_group_wanted(struct deque_group *group)
{
    return atomic_load_explicit(&group->idlers, memory_order_relaxed) != 0;
}

#endif
