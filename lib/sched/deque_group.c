#include "sched/deque_group.h"

#include "base/clock.h"

size_t rpi_deque_group_bytes(uint32_t deques, const struct deque_shape *shape)
{
    return sizeof(struct deque_group) + deques * rpi_deque_bytes(shape);
}

/* Does the rank of this deque exist, and is it dead? */
static bool group_rank_lost(const struct deque_group *group, const struct work_queue *work_queue,
                            uint32_t index)
{
    return index < group->ranks && lane_lost(work_queue, index);
}

void rpi_deque_group_make(struct deque_group *group, struct work_queue *work_queue, uint32_t deques,
                          uint32_t ranks, const struct deque_shape *shape, const void *identity)
{
    size_t bytes = rpi_deque_bytes(shape);
    atomic_store(&group->idlers, 0);
    atomic_store(&group->over, 0);
    atomic_store(&group->activations, 0);
    group->deques = deques;
    group->ranks = ranks;
    for (uint32_t i = 0; i < deques; i++) {
        struct split_deque *deque = (struct split_deque *)(group->memory + i * bytes);
        rpi_deque_make(deque, i, shape, identity);
        atomic_store(&deque->settled, group_rank_lost(group, work_queue, i));
        atomic_store(&deque->idle, i >= ranks);
    }
}

struct split_deque *rpi_deque_group_at(struct deque_group *group, uint32_t index)
{
    return rpi_deque_of((struct split_deque *)group->memory, index);
}

void rpi_deque_group_shared(struct deque_group *group, struct work_queue *work_queue)
{
    if (atomic_load(&group->idlers) != 0)
        rpi_eventcount_notify_one(&work_queue->signal);
}

void rpi_deque_group_count(struct deque_group *group, int64_t *done, int64_t *waiting)
{
    *done = *waiting = 0;
    for (uint32_t i = 0; i < group->deques; i++) {
        struct split_deque *deque = rpi_deque_group_at(group, i);
        *done += (int64_t)atomic_load_explicit(&deque->done, memory_order_relaxed);
        *waiting += rpi_deque_waiting(deque);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Has this deque no entries, and no rank that may take others? What a dead thief took may come back
 * while the owner is idle. */
static bool deque_at_rest(const struct split_deque *deque)
{
    bool owned = atomic_load(&deque->settled) == 0 && atomic_load(&deque->idle) == 0;
    return !owned && rpi_deque_shared(deque) == 0;
}

bool rpi_deque_group_drained(struct deque_group *group)
{
    uint32_t before = atomic_load(&group->activations);
    for (uint32_t i = 0; i < group->deques; i++) {
        if (!deque_at_rest(rpi_deque_group_at(group, i)))
            return false;
    }
    return atomic_load(&group->activations) == before;
}

bool rpi_deque_group_shares(struct deque_group *group)
{
    bool found = false;
    for (uint32_t i = 0; i < group->deques && !found; i++)
        found = rpi_deque_shared(rpi_deque_group_at(group, i)) > 0;
    return found;
}

void rpi_deque_group_end(struct deque_group *group, struct work_queue *work_queue)
{
    atomic_store(&group->over, 1);
    rpi_eventcount_notify_all(&work_queue->signal);
}

/* ---- deaths ---------------------------------------------------------------------------------- */

/* Is this rank dead, and its deque not settled? */
static bool search_unsettled(const struct deque_search *search, uint32_t index)
{
    return group_rank_lost(search->group, search->work_queue, index) &&
           atomic_load(&rpi_deque_group_at(search->group, index)->settled) == 0;
}

/* Frees the locks that a dead rank holds, unless another rank is doing so. */
static void search_free_locks(const struct deque_search *search, uint32_t holder)
{
    for (uint32_t i = 0; i < search->group->deques; i++)
        rpi_deque_unlock_dead(rpi_deque_group_at(search->group, i), holder,
                              search->owner->deque->index);
}

/* What a dead rank had begun to take must be in a deque before its own deque counts as settled. If
 * another dead rank holds the lock of that, the next search settles it. */
static void search_settle(const struct deque_search *search)
{
    struct deque_group *group = search->group;
    for (uint32_t i = 0; i < group->deques; i++) {
        struct split_deque *deque = rpi_deque_group_at(group, i);
        if (!search_unsettled(search, i))
            continue;
        search_free_locks(search, i);
        if (!rpi_deque_settle(deque, search->owner->deque->index))
            continue;
        if (atomic_exchange(&deque->idle, 0) != 0)
            atomic_fetch_sub(&group->idlers, 1);
        atomic_store(&deque->settled, 1);
    }
}

/* ---- search ---------------------------------------------------------------------------------- */

/* Is there something to take or to settle? */
static bool search_promising(const struct deque_search *search)
{
    for (uint32_t i = 0; i < search->group->deques; i++) {
        if (rpi_deque_shared(rpi_deque_group_at(search->group, i)) > 0 ||
            search_unsettled(search, i))
            return true;
    }
    return false;
}

/* Steals from the deque that shares most. */
static bool search_steal(struct deque_search *search)
{
    struct deque_group *group = search->group;
    uint32_t own = search->owner->deque->index, most = 0;
    struct split_deque *victim = NULL;
    bool cautious = search->cautious && rpi_work_queue_alive(search->work_queue) > 1;
    for (uint32_t i = 1; i < group->deques; i++) {
        struct split_deque *deque = rpi_deque_group_at(group, (own + i) % group->deques);
        uint32_t shared = rpi_deque_shared(deque);
        if (cautious && atomic_load(&deque->settled) != 0)
            continue;
        if (shared > most && atomic_load_explicit(&deque->lock, memory_order_relaxed) == 0) {
            most = shared;
            victim = deque;
        }
    }
    if (victim == NULL || !rpi_deque_steal(search->owner, victim))
        return false;
    search->steals++;
    if (rpi_deque_shared(victim) > 0)
        rpi_deque_group_shared(group, search->work_queue);
    return true;
}

/* Ends being idle and takes what there is; else the rank is idle again. */
static bool search_take(struct deque_search *search)
{
    struct deque_group *group = search->group;
    struct split_deque *own = search->owner->deque;
    atomic_store(&own->idle, 0);
    atomic_fetch_add(&group->activations, 1);
    search_settle(search);
    bool found = rpi_deque_reclaim(search->owner) || search_steal(search);
    if (!found) {
        atomic_fetch_add(&group->activations, 1);
        atomic_store(&own->idle, 1);
    }
    return found;
}

/* Spins the first time only: if nothing comes within microseconds, a sleep costs less. */
static void search_wait(struct deque_search *search, uint32_t seen, bool first)
{
    const double first_sleep = 1e-3, longest_sleep = 50e-3;
    struct work_queue *work_queue = search->work_queue;
    double most = first ? first_sleep : longest_sleep;
    double due = search->attend != NULL ? search->attend(search->attend_closure) : most;
    double begun = rpi_clock_seconds();
    rpi_eventcount_wait(&work_queue->signal, seen, first && search->spin, due < most ? due : most);
    search->waited += rpi_clock_seconds() - begun;
}

/* Ends the job, if there are no entries. Where there is a link, wakes it instead, once: as soon as
 * there are none or, while other ranks have some, when this one has waited. True: the job is
 * over. */
static bool search_end(const struct deque_search *search, int waits)
{
    struct deque_group *group = search->group;
    bool linked = group->deques > group->ranks, drained = rpi_deque_group_drained(group);
    if (!linked && drained)
        rpi_deque_group_end(group, search->work_queue);
    if (linked && waits == (drained ? 0 : 1))
        rpi_eventcount_notify_one(&search->work_queue->idle);
    return drained && !linked;
}

/* Waits as an idle rank. */
static bool search_others(struct deque_search *search)
{
    struct deque_group *group = search->group;
    struct work_queue *work_queue = search->work_queue;
    for (int waits = 0;; waits++) {
        uint32_t seen = rpi_eventcount_key(&work_queue->signal);
        if (work_queue_stopped(work_queue) || atomic_load(&group->over) != 0)
            return false;
        if (search_promising(search) && search_take(search))
            return true;
        if (search_end(search, waits))
            return false;
        search_wait(search, seen, waits == 0);
    }
}

bool rpi_deque_search(struct deque_search *search)
{
    struct deque_group *group = search->group;
    if (rpi_deque_reclaim(search->owner))
        return true;
    atomic_fetch_add(&group->idlers, 1);
    atomic_store(&search->owner->deque->idle, 1);
    bool found = search_others(search);
    if (found)
        atomic_fetch_sub(&group->idlers, 1);
    return found;
}
