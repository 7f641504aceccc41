#include "comm/liveness.h"

#include "base/clock.h"
#include "base/message.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Shared words:
 * lost  0, or 1 once a member has found the lock's owner dead: release, so it follows everything
 *       that the dead rank stored, which the kernel orders before its mark.
 * rank  stored by the owner before the first agreement. */
struct liveness_entry {
    alignas(128) pthread_mutex_t lock;
    _Atomic int lost;
    int rank;
};

size_t rpi_liveness_bytes(int members)
{
    return (size_t)members * sizeof(struct liveness_entry);
}

bool rpi_liveness_prepare(struct liveness_entry *place, int members)
{
    pthread_mutexattr_t attributes;
    bool prepared = pthread_mutexattr_init(&attributes) == 0 &&
                    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
                    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0;
    for (int i = 0; i < members && prepared; i++)
        prepared = pthread_mutex_init(&place[i].lock, &attributes) == 0;
    return prepared;
}

/* The kernel is about to mark this rank as dead, but its process would live on, and the others
 * would wait for it in vain. */
static void thread_ended(void *rank_plus_1)
{
    rpi_message("rankpool: rank %d ends, since its thread that opened the pool has ended before "
                "rp_close()\n",
                (int)(intptr_t)rank_plus_1 - 1);
    _exit(EXIT_FAILURE);
}

/* Without a key the thread is not guarded. */
static void thread_guard(struct liveness *liveness, int rank)
{
    liveness->guarded = pthread_key_create(&liveness->thread, thread_ended) == 0;
    if (liveness->guarded)
        pthread_setspecific(liveness->thread, (const void *)((intptr_t)rank + 1));
}

void rpi_liveness_release(struct liveness *liveness)
{
    if (liveness->guarded)
        pthread_key_delete(liveness->thread);
    liveness->guarded = false;
}

bool rpi_liveness_join(struct liveness *liveness, struct liveness_entry *place, int members, int me,
                       int rank)
{
    *liveness = (struct liveness){.place = place, .me = me, .members = members};
    place[me].rank = rank;
    bool joined = pthread_mutex_lock(&place[me].lock) == 0;
    if (joined)
        thread_guard(liveness, rank);
    else
        *liveness = (struct liveness){.members = 0};
    return joined;
}

void rpi_liveness_leave(struct liveness *liveness)
{
    rpi_liveness_release(liveness);
    if (liveness->members > 0)
        pthread_mutex_unlock(&liveness->place[liveness->me].lock);
    *liveness = (struct liveness){.members = 0};
}

/* The lock of a living member is busy, and free once the member has left. A dead member's lock is
 * released as it is, not made consistent, so the next caller gets the same result. */
static bool entry_owner_dead(struct liveness_entry *entry)
{
    int code = pthread_mutex_trylock(&entry->lock);
    if (code == 0 || code == EOWNERDEAD)
        pthread_mutex_unlock(&entry->lock);
    return code == EOWNERDEAD || code == ENOTRECOVERABLE;
}

/* Returns whether this member, another one, is dead. */
static bool member_look(const struct liveness *liveness, int i)
{
    struct liveness_entry *entry = &liveness->place[i];
    if (!rpi_liveness_lost(liveness, i) && entry_owner_dead(entry))
        atomic_store_explicit(&entry->lost, 1, memory_order_release);
    return rpi_liveness_lost(liveness, i);
}

int rpi_liveness_look(struct liveness *liveness)
{
    int lost = 0;
    for (int i = 0; i < liveness->members; i++)
        lost += i != liveness->me && member_look(liveness, i);
    return lost;
}

bool rpi_liveness_first(const struct liveness *liveness)
{
    int i = liveness->me;
    while (i > 0 && member_look(liveness, i - 1))
        i--;
    return i == 0;
}

bool rpi_liveness_confirm(struct liveness *liveness, int member)
{
    const double moment = 1e-3;
    const int moments = 1000;
    if (member >= liveness->members)
        return false;
    for (int i = 0; i < moments && !member_look(liveness, member); i++)
        rpi_sleep(moment);
    return rpi_liveness_lost(liveness, member);
}

bool rpi_liveness_lost(const struct liveness *liveness, int member)
{
    return member < liveness->members &&
           atomic_load_explicit(&liveness->place[member].lost, memory_order_acquire) != 0;
}

int rpi_liveness_rank(const struct liveness *liveness, int member)
{
    return liveness->place[member].rank;
}
