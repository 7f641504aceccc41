#include "sched/split_deque.h"

#include "base/round_up.h"
#include "sched/unit_range.h"

#include <stdlib.h>
#include <string.h>

/* ---- packed words ---------------------------------------------------------------------------- */

/* `committed` */
struct commit {
    uint32_t top;
    uint16_t steals;
    uint16_t parity;
};

static uint64_t commit_pack(struct commit commit)
{
    return (uint64_t)commit.top | (uint64_t)commit.steals << 32 | (uint64_t)commit.parity << 48;
}

static struct commit commit_unpack(uint64_t word)
{
    return (struct commit){(uint32_t)word, (uint16_t)(word >> 32), (uint16_t)(word >> 48)};
}

/* `taken` */
static uint64_t taken_pack(uint32_t victim, uint32_t steals, uint32_t low)
{
    return (uint64_t)low | (uint64_t)(steals & 0xffff) << 32 | (uint64_t)(victim & 0xffff) << 48;
}

static uint64_t range_pack(uint32_t low, uint32_t high)
{
    return unit_range_pack((struct unit_range){low, high});
}

/* Stores a word that only the dead leave to others. */
static void store_in_order(_Atomic uint64_t *word, uint64_t value)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(word, value, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t deque_result_bytes(const struct deque_shape *shape)
{
    return round_up(sizeof(struct deque_result) + shape->result_size, DEQUE_APART);
}

static size_t deque_log_offset(const struct deque_shape *shape)
{
    return round_up((size_t)shape->capacity * shape->entry_size, DEQUE_APART);
}

static size_t deque_result_offset(const struct deque_shape *shape)
{
    return deque_log_offset(shape) + round_up((size_t)DEQUE_BATCH * shape->entry_size, DEQUE_APART);
}

static struct deque_result *deque_result_at(struct split_deque *deque, uint32_t parity)
{
    unsigned char *results = deque->memory + deque_result_offset(&deque->shape);
    return (struct deque_result *)(results + parity * deque_result_bytes(&deque->shape));
}

size_t rpi_deque_bytes(const struct deque_shape *shape)
{
    return sizeof(struct split_deque) + deque_result_offset(shape) + 2 * deque_result_bytes(shape);
}

uint32_t rpi_deque_capacity(const struct deque_shape *shape, size_t bytes, uint32_t least)
{
    const uint32_t most = UINT32_C(1) << 30;
    struct deque_shape larger = *shape;
    uint32_t capacity = 2;
    while (capacity < least && capacity < most)
        capacity *= 2;
    for (; capacity < most; capacity *= 2) {
        larger.capacity = 2 * capacity;
        if (rpi_deque_bytes(&larger) > bytes)
            break;
    }
    return capacity;
}

size_t rpi_deque_entry_bytes(size_t item_size)
{
    return round_up(sizeof(struct deque_entry) + item_size, DEQUE_ALIGNED);
}

struct split_deque *rpi_deque_of(const struct split_deque *deque, uint32_t index)
{
    ptrdiff_t bytes = (ptrdiff_t)rpi_deque_bytes(&deque->shape);
    return (struct split_deque *)((char *)deque + ((ptrdiff_t)index - deque->index) * bytes);
}

void rpi_deque_make(struct split_deque *deque, uint32_t index, const struct deque_shape *shape,
                    const void *identity)
{
    memset(deque, 0, sizeof *deque);
    deque->index = index;
    deque->shape = *shape;
    struct deque_result *result = deque_result_at(deque, 0);
    result->items = 0;
    memcpy(result->bytes, identity, shape->result_size);
}

static struct deque_entry *deque_entry_at(const struct split_deque *deque, uint32_t index)
{
    size_t place = index & (deque->shape.capacity - 1);
    return (struct deque_entry *)(deque->memory + place * deque->shape.entry_size);
}

struct deque_entry *rpi_deque_seed(struct split_deque *deque)
{
    struct commit commit = commit_unpack(atomic_load(&deque->committed));
    if (commit.top == deque->shape.capacity)
        return NULL;
    struct deque_entry *entry = deque_entry_at(deque, commit.top++);
    atomic_store(&deque->committed, commit_pack(commit));
    return entry;
}

static void owner_copy_result(struct deque_owner *owner)
{
    const struct deque_result *from = deque_result_at(owner->deque, owner->parity);
    owner->result = deque_result_at(owner->deque, owner->parity ^ 1);
    memcpy(owner->result, from, sizeof *from + owner->deque->shape.result_size);
}

bool rpi_deque_own(struct deque_owner *owner, struct split_deque *deque)
{
    struct commit commit = commit_unpack(atomic_load(&deque->committed));
    *owner = (struct deque_owner){
        .deque = deque,
        .ring = (char *)deque->memory,
        .log = (char *)deque->memory + deque_log_offset(&deque->shape),
        .scratch = aligned_alloc(DEQUE_APART, round_up(deque->shape.entry_size, DEQUE_APART)),
        .entry_size = deque->shape.entry_size,
        .mask = deque->shape.capacity - 1,
        .top = commit.top,
        .limit = deque->shape.capacity,
        .committed_top = commit.top,
    };
    owner_copy_result(owner);
    return owner->scratch != NULL;
}

void rpi_deque_disown(struct deque_owner *owner)
{
    free(owner->scratch);
    owner->scratch = NULL;
}

const struct deque_result *rpi_deque_result(const struct split_deque *deque)
{
    struct commit commit = commit_unpack(atomic_load(&deque->committed));
    return deque_result_at((struct split_deque *)deque, commit.parity);
}

/* ---- the owner ------------------------------------------------------------------------------- */

bool rpi_deque_room(struct deque_owner *owner)
{
    uint32_t floor = atomic_load_explicit(&owner->deque->floor, memory_order_acquire);
    owner->limit = floor + owner->mask + 1;
    return owner->top != owner->limit;
}

static void owner_store_commit(struct deque_owner *owner)
{
    store_in_order(&owner->deque->committed,
                   commit_pack((struct commit){owner->committed_top, (uint16_t)owner->steals,
                                               (uint16_t)owner->parity}));
}

/* Shares the older half of the private part if nothing is shared. */
static bool owner_share(struct deque_owner *owner)
{
    uint32_t private = owner->committed_top - owner->high;
    uint64_t word = atomic_load_explicit(&owner->deque->shared, memory_order_relaxed);
    struct unit_range shared = unit_range_unpack(word);
    if (private < 2 || shared.low != shared.high)
        return false;
    /* seq_cst: a rank that has said that it is idle sees the entries, or is seen to be idle. It
     * fails if what a dead thief took comes back. */
    uint32_t high = owner->high + private / 2;
    if (!atomic_compare_exchange_strong(&owner->deque->shared, &word, range_pack(shared.low, high)))
        return false;
    owner->high = high;
    return true;
}

bool rpi_deque_commit(struct deque_owner *owner)
{
    atomic_store_explicit(&owner->deque->popped[owner->parity ^ 1], 0, memory_order_relaxed);
    owner->committed_top = owner->top;
    owner->parity ^= 1;
    owner_store_commit(owner);
    owner->popped = 0;
    atomic_store_explicit(&owner->deque->done, owner->result->items, memory_order_relaxed);
    owner_copy_result(owner);
    return owner_share(owner);
}

bool rpi_deque_reclaim(struct deque_owner *owner)
{
    uint64_t word = atomic_load_explicit(&owner->deque->shared, memory_order_relaxed);
    for (;;) {
        struct unit_range shared = unit_range_unpack(word);
        uint32_t length = shared.high - shared.low, rest = length / 2;
        if (length == 0)
            return false;
        if (atomic_compare_exchange_weak(&owner->deque->shared, &word,
                                         range_pack(shared.low, shared.low + rest))) {
            owner->high = shared.low + rest;
            return true;
        }
    }
}

/* ---- the link between nodes ------------------------------------------------------------------ */

void rpi_deque_offer(struct deque_owner *owner)
{
    uint64_t word = atomic_load_explicit(&owner->deque->shared, memory_order_relaxed);
    owner->committed_top = owner->top;
    owner_store_commit(owner);
    while (!atomic_compare_exchange_weak(&owner->deque->shared, &word,
                                         range_pack(unit_range_unpack(word).low, owner->top)))
        ;
    owner->high = owner->top;
}

uint32_t rpi_deque_remove(struct deque_owner *owner, void *entries, uint32_t most)
{
    uint32_t private = owner->top - owner->high, count = private < most ? private : most;
    for (uint32_t i = 0; i < count; i++)
        deque_copy((struct deque_entry *)((char *)entries + (size_t)i * owner->entry_size),
                   deque_place(owner, --owner->top), owner->entry_size);
    owner->committed_top = owner->top;
    owner_store_commit(owner);
    return count;
}

/* ---- thieves --------------------------------------------------------------------------------- */

static bool deque_try_lock(struct split_deque *deque, uint32_t self)
{
    uint32_t none = 0;
    return atomic_load_explicit(&deque->lock, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&deque->lock, &none, self + 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void deque_unlock(struct split_deque *deque)
{
    atomic_store_explicit(&deque->lock, 0, memory_order_release);
}

uint32_t rpi_deque_shared(const struct split_deque *deque)
{
    struct unit_range shared = unit_range_unpack(atomic_load(&deque->shared));
    return shared.high - shared.low;
}

uint32_t rpi_deque_waiting(const struct split_deque *deque)
{
    uint64_t committed = atomic_load_explicit(&deque->committed, memory_order_relaxed);
    uint32_t waiting =
        commit_unpack(committed).top - unit_range_unpack(atomic_load(&deque->shared)).low;
    return waiting <= deque->shape.capacity ? waiting : 0;
}

/* Takes the older half, but at most `most` entries, of a deque that the caller has locked. The
 * range taken stays in the ring, from the floor. */
static struct unit_range deque_take(struct split_deque *deque, uint32_t most)
{
    uint64_t word = atomic_load_explicit(&deque->shared, memory_order_acquire);
    for (;;) {
        struct unit_range shared = unit_range_unpack(word);
        uint32_t half = (shared.high - shared.low + 1) / 2, count = half < most ? half : most;
        struct unit_range taken = {shared.low, shared.low + count};
        if (count == 0 || atomic_compare_exchange_weak(&deque->shared, &word,
                                                       range_pack(taken.high, shared.high)))
            return taken;
    }
}

static void owner_copy_taken(struct deque_owner *owner, struct split_deque *victim,
                             struct unit_range taken)
{
    for (uint32_t i = taken.low; i != taken.high; i++)
        deque_copy(deque_place(owner, owner->top++), deque_entry_at(victim, i), owner->entry_size);
}

bool rpi_deque_steal(struct deque_owner *owner, struct split_deque *victim)
{
    if (!deque_try_lock(victim, owner->deque->index))
        return false;
    atomic_store_explicit(&victim->thief, owner->deque->index + 1, memory_order_relaxed);
    rpi_deque_room(owner); /* thieves may still copy what they took of this deque */
    struct unit_range taken = deque_take(victim, owner->limit - owner->top);
    if (taken.low != taken.high) {
        owner_copy_taken(owner, victim, taken);
        owner->steals++;
        owner->committed_top = owner->top;
        store_in_order(&owner->deque->taken, taken_pack(victim->index, owner->steals, taken.high));
        owner_store_commit(owner);
        atomic_store_explicit(&victim->floor, taken.high, memory_order_release);
    }
    deque_unlock(victim);
    return taken.low != taken.high;
}

/* ---- the dead -------------------------------------------------------------------------------- */

/* Did the thief commit what it took of a deque, up to `low`? */
static bool thief_committed(const struct split_deque *victim, uint32_t low)
{
    uint32_t index = atomic_load_explicit(&victim->thief, memory_order_relaxed) - 1;
    const struct split_deque *thief = rpi_deque_of(victim, index);
    struct commit commit =
        commit_unpack(atomic_load_explicit(&thief->committed, memory_order_relaxed));
    return atomic_load_explicit(&thief->taken, memory_order_relaxed) ==
           taken_pack(victim->index, commit.steals, low);
}

/* Gives [floor, low) back. */
static void deque_undo_take(struct split_deque *deque, uint32_t floor)
{
    uint64_t word = atomic_load(&deque->shared);
    while (!atomic_compare_exchange_weak(&deque->shared, &word,
                                         range_pack(floor, unit_range_unpack(word).high)))
        ;
}

void rpi_deque_unlock_dead(struct split_deque *deque, uint32_t holder, uint32_t self)
{
    uint32_t expected = holder + 1;
    if (!atomic_compare_exchange_strong(&deque->lock, &expected, self + 1))
        return;
    uint32_t floor = atomic_load_explicit(&deque->floor, memory_order_relaxed);
    uint32_t low = unit_range_unpack(atomic_load(&deque->shared)).low;
    if (floor != low && thief_committed(deque, low))
        atomic_store_explicit(&deque->floor, low, memory_order_release);
    else if (floor != low)
        deque_undo_take(deque, floor);
    deque_unlock(deque);
}

/* Puts the committed entries that the dead owner's batch had popped back into the ring. */
static void deque_restore(struct split_deque *deque, struct commit commit, uint32_t popped)
{
    const unsigned char *log = deque->memory + deque_log_offset(&deque->shape);
    for (uint32_t i = 0; i < popped; i++) {
        struct deque_entry *entry = deque_entry_at(deque, commit.top - 1 - i);
        deque_copy(entry, (const struct deque_entry *)(log + (size_t)i * deque->shape.entry_size),
                   deque->shape.entry_size);
        if (i + 1 == popped) {
            entry->deaths++;
            entry->alone = DEQUE_BATCH;
        }
    }
}

/* Each step can be repeated, if the rank that takes it dies. */
bool rpi_deque_settle(struct split_deque *deque, uint32_t self)
{
    if (!deque_try_lock(deque, self))
        return false;
    struct commit commit = commit_unpack(atomic_load(&deque->committed));
    _Atomic uint32_t *popped = &deque->popped[commit.parity];
    deque_restore(deque, commit, atomic_load_explicit(popped, memory_order_relaxed));
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store(popped, 0);
    atomic_signal_fence(memory_order_seq_cst);
    uint64_t word = atomic_load(&deque->shared);
    while (!atomic_compare_exchange_weak(&deque->shared, &word,
                                         range_pack(unit_range_unpack(word).low, commit.top)))
        ;
    deque_unlock(deque);
    return true;
}
