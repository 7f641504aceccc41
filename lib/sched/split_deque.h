/* Split deques: the waiting items of the ranks of a node, whose tasks make further items. One deque
 * for each rank ("owner"), in node memory (in tests: in process memory, with threads for ranks). It
 * holds no pointers.
 *
 * A deque is a ring of entries with absolute indices modulo 2^32:
 *
 *     floor <= low <= high <= committed top <= top
 *
 * [low, high) is shared: thieves take half of it, the oldest first. [high, top) is private: the
 * owner pushes and pops the newest with plain stores. [floor, low) are entries that a thief has
 * taken and not yet copied.
 *
 * Commits. The owner computes a batch of items: it pops them, pushes what their tasks add, and
 * folds into a working copy of its result. All of that becomes valid by one store of `committed`;
 * until then another rank can restore what there was at the last commit. What the batch pops of the
 * committed entries is therefore copied to `log` first, since new entries overwrite the ring. What
 * it pops of its own entries, which no other rank reads, stays in its place while its task runs;
 * only the first entry that the task adds has to wait elsewhere. Results are double-buffered; the
 * parity in `committed` selects the valid one.
 *
 * Deaths. A rank that dies leaves its last commit, in whatever state it left the words below:
 * rpi_deque_settle() restores the entries and shares them all. The log also tells in which item it
 * died: the last one that it popped of the committed entries, or one of those that came of it.
 *
 * tests/model/deques.pml is a model of this file and of sched/deque_group.c.
 *
 * Shared words, their writers and memory orders:
 * shared     (low, high). Changed by compare-and-swap: low by the thief with the `lock` (acq_rel),
 *            high by the owner (release; it takes back entries that it wrote itself or copied).
 *            A thief that sees an entry in it sees the entry. low grows unless the take of a dead
 *            thief is undone, so equal words mean equal ownership.
 * lock       0, or 1 + the rank that takes entries of this deque or settles it; taken by
 *            compare-and-swap (acquire) from 0 or from a rank that is known to be dead, released by
 *            a store (release).
 * thief      1 + the rank that took [floor, low), stored (relaxed) by the holder of `lock` before
 *            it changes low. A rank that takes the lock from a dead one still finds it there.
 * floor      stored by the holder of `lock` (release) when the entries below are copied; loaded by
 *            the owner (acquire) before it reuses their places.
 * committed  top, parity, and the number of steals. Written by the owner; once it is dead, by
 *            the rank that settles the deque.
 * popped     by parity: how many committed entries the batch has popped; written by the owner.
 * taken      victim, number of the steal, and low afterwards, of the owner's last steal. The steal
 *            happened if the number is the one in `committed`.
 * done       items of the result, for displays; written by the owner (relaxed).
 * settled    1 once the owner is dead, its entries are all shared, and it holds no lock; stored
 *            (seq_cst) by a rank that has seen to that.
 * idle       see sched/deque_group.h.
 * index, shape: constant while a job runs.
 *
 * `committed`, `popped`, `taken`, the log, the private entries and the results are read by others
 * only when the owner is dead, or after the agreement that ends the job. All stores of a process
 * before its death are visible afterwards, in program order, so these words need only keep the
 * compiler from reordering them: relaxed stores with signal fences between. */
#ifndef RANKPOOL_SCHED_SPLIT_DEQUE_H
#define RANKPOOL_SCHED_SPLIT_DEQUE_H

#include "numeric/path.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DEQUE_APART = 128, /* twice a cache line: adjacent lines are fetched in pairs */
    DEQUE_BATCH = 64,  /* the most items between two commits */
    DEQUE_ALIGNED = 16
};

/* An entry: a waiting item, with its bytes behind. */
struct deque_entry {
    struct path_origin origin; /* identity of the item */
    uint32_t seed;             /* index of the seed that it came of */
    uint16_t deaths;           /* of ranks that died in it, or in an item that came of it */
    uint16_t alone;            /* generations that are computed one item at a time, since a rank
                                  died; not 0 if `deaths` is not */
    alignas(DEQUE_ALIGNED) unsigned char item[];
};

/* A result, with its bytes behind. */
struct deque_result {
    uint64_t items; /* that were folded into it */
    alignas(DEQUE_ALIGNED) unsigned char bytes[];
};

struct deque_shape {
    uint32_t capacity;   /* entries in a ring, a power of two */
    uint32_t entry_size; /* bytes */
    uint64_t result_size;
};

struct split_deque {
    alignas(DEQUE_APART) _Atomic uint64_t shared;
    _Atomic uint32_t floor;
    _Atomic uint32_t lock;
    _Atomic uint32_t thief;
    _Atomic uint32_t settled;
    _Atomic uint32_t idle;
    alignas(DEQUE_APART) _Atomic uint64_t committed;
    _Atomic uint64_t taken;
    _Atomic uint64_t done;
    _Atomic uint32_t popped[2];
    uint32_t index; /* of its rank */
    struct deque_shape shape;
    alignas(DEQUE_APART) unsigned char memory[]; /* ring, log, results */
};

/* What the owner of a deque keeps in its own memory. */
struct deque_owner {
    struct split_deque *deque;
    char *ring, *log;
    struct deque_entry *held;    /* the popped entry, if it is still in the ring; or NULL */
    struct deque_entry *scratch; /* what the task of that adds first */
    uint32_t entry_size, mask;
    uint32_t top;           /* where the next entry goes */
    uint32_t committed_top; /* end of the committed entries, without those the batch has popped */
    uint32_t high;          /* end of the shared part */
    uint32_t limit;         /* that top must not exceed, by the floor as last seen */
    uint32_t popped;        /* committed entries that the batch has popped */
    uint32_t steals;
    uint32_t parity;             /* of the last commit */
    struct deque_result *result; /* working copy */
};

/* Bytes of a deque, a multiple of DEQUE_APART; and the largest capacity for which that fits into
 * `bytes`, at least `least`. */
size_t rpi_deque_bytes(const struct deque_shape *shape);
uint32_t rpi_deque_capacity(const struct deque_shape *shape, size_t bytes, uint32_t least);

/* Bytes of an entry with an item of this size. */
size_t rpi_deque_entry_bytes(size_t item_size);

/* Initializes an empty deque of a rank with this result. Called by one rank before others use it.
 * The deques of a node lie one after the other. */
void rpi_deque_make(struct split_deque *deque, uint32_t index, const struct deque_shape *shape,
                    const void *identity);

/* The deque of another rank of the node. */
struct split_deque *rpi_deque_of(const struct split_deque *deque, uint32_t index);

/* Adds an entry to a new deque and returns it for the caller to fill in; NULL: it is full. Only the
 * rank that made the deque calls it, before others use it. */
struct deque_entry *rpi_deque_seed(struct split_deque *deque);

/* Begins to own a deque. False: no memory. */
bool rpi_deque_own(struct deque_owner *owner, struct split_deque *deque);
void rpi_deque_disown(struct deque_owner *owner);

/* The result of the last commit. Its owner is dead, or all ranks have agreed to end the job. */
const struct deque_result *rpi_deque_result(const struct split_deque *deque);

/* Commits: the batch is done. If the shared part is empty and the private one has two entries or
 * more, shares the older half; true: others should be woken. */
bool rpi_deque_commit(struct deque_owner *owner);

/* After a commit that left the private part empty: takes back half of the shared part. False: that
 * is empty, too. */
bool rpi_deque_reclaim(struct deque_owner *owner);

/* For an owner whose deque is empty: takes half of the shared part of another deque. False: there
 * was nothing, or another rank was taking. */
bool rpi_deque_steal(struct deque_owner *owner, struct split_deque *victim);

/* For an owner that computes nothing, the link between nodes: shares all of the private part, and
 * takes up to `most` of its newest entries, one behind the other in `entries`. Returns how many. */
void rpi_deque_offer(struct deque_owner *owner);
uint32_t rpi_deque_remove(struct deque_owner *owner, void *entries, uint32_t most);

/* For any rank, `self`: frees the lock of a deque if `holder`, which is dead, holds it, and
 * completes or undoes what that one had begun to take. */
void rpi_deque_unlock_dead(struct split_deque *deque, uint32_t holder, uint32_t self);

/* For any rank, `self`: restores and shares the entries of a deque whose owner is dead, and adds a
 * death to the item in which it died. False: another rank holds the lock. */
bool rpi_deque_settle(struct split_deque *deque, uint32_t self);

/* Number of entries that thieves may take; and of all entries at the last commit, an estimate. */
uint32_t rpi_deque_shared(const struct split_deque *deque);
uint32_t rpi_deque_waiting(const struct split_deque *deque);

static inline struct deque_entry *deque_place(const struct deque_owner *owner, uint32_t index)
{
    return (struct deque_entry *)(owner->ring + (size_t)(index & owner->mask) * owner->entry_size);
}

static inline void deque_copy(struct deque_entry *to, const struct deque_entry *from, uint32_t size)
{
    const uint32_t twice = 2 * DEQUE_ALIGNED;
    uint32_t i = 0;
    for (; i + twice <= size; i += twice)
        __builtin_memcpy((char *)to + i, (const char *)from + i, twice);
    if (i < size)
        __builtin_memcpy((char *)to + i, (const char *)from + i, DEQUE_ALIGNED);
}

/* Is the private part empty, except for what the batch has pushed? */
static inline bool deque_empty(const struct deque_owner *owner)
{
    return owner->top == owner->high;
}

/* The newest private entry, if there is one. */
static inline struct deque_entry *deque_peek(const struct deque_owner *owner)
{
    return deque_place(owner, owner->top - 1);
}

/* Copies a committed entry to the log, before others overwrite it. */
static inline struct deque_entry *deque_log(struct deque_owner *owner,
                                            const struct deque_entry *entry)
{
    char *copy = owner->log + (size_t)owner->popped * owner->entry_size;
    deque_copy((struct deque_entry *)copy, entry, owner->entry_size);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&owner->deque->popped[owner->parity], ++owner->popped,
                          memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    owner->committed_top--;
    return (struct deque_entry *)copy;
}

/* Pops `newest`, which deque_peek() has returned. A batch pops at most DEQUE_BATCH entries.
 * It stays valid until deque_popped(), which is called when its task has returned and has added
 * entries. */
static inline const struct deque_entry *deque_pop(struct deque_owner *owner,
                                                  struct deque_entry *newest)
{
    bool committed = owner->committed_top == owner->top--;
    owner->held = committed ? NULL : newest;
    return committed ? deque_log(owner, newest) : newest;
}

static inline void deque_popped(struct deque_owner *owner)
{
    if (owner->held != NULL)
        deque_copy(owner->held, owner->scratch, owner->entry_size);
}

/* Would a commit share entries? */
static inline bool deque_shareable(const struct deque_owner *owner)
{
    uint64_t shared = atomic_load_explicit(&owner->deque->shared, memory_order_relaxed);
    return owner->top - owner->high > 1 && (uint32_t)shared == (uint32_t)(shared >> 32);
}

/* Is there room for another entry? */
bool rpi_deque_room(struct deque_owner *owner);

/* The place of the next entry, to be filled in before deque_push(); NULL: no room. */
static inline struct deque_entry *deque_next(struct deque_owner *owner)
{
    if (owner->top == owner->limit && !rpi_deque_room(owner))
        return NULL;
    struct deque_entry *entry = deque_place(owner, owner->top);
    return entry != owner->held ? entry : owner->scratch;
}

static inline void deque_push(struct deque_owner *owner)
{
    owner->top++;
}

#endif
