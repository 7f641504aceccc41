#include "world/living.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

/* lost  0, or 1 once somebody found the lock's owner dead: release, after everything the dead one
 *       stored, which the kernel orders before its mark.
 * rank  stored by the owner before all meet for the first time. */
struct life {
    alignas(128) pthread_mutex_t lock;
    _Atomic int lost;
    int rank;
};

size_t rpi_living_bytes(int members)
{
    return (size_t)members * sizeof(struct life);
}

bool rpi_living_prepare(struct life *place, int members)
{
    pthread_mutexattr_t attributes;
    bool prepared = pthread_mutexattr_init(&attributes) == 0 &&
                    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
                    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0;
    for (int i = 0; i < members && prepared; i++)
        prepared = pthread_mutex_init(&place[i].lock, &attributes) == 0;
    return prepared;
}

bool rpi_living_join(struct living *living, struct life *place, int members, int me, int rank)
{
    *living = (struct living){.place = place, .me = me, .members = members};
    place[me].rank = rank;
    if (pthread_mutex_lock(&place[me].lock) == 0)
        return true;
    living->place = NULL;
    return false;
}

void rpi_living_leave(struct living *living)
{
    if (living->place != NULL)
        pthread_mutex_unlock(&living->place[living->me].lock);
    living->place = NULL;
}

/* The lock of a living member is busy, and free once it has left. That of a dead one is given back
 * as it is, not made consistent, so that it tells the next one the same. */
static bool found_dead(struct life *life)
{
    int code = pthread_mutex_trylock(&life->lock);
    if (code == 0 || code == EOWNERDEAD)
        pthread_mutex_unlock(&life->lock);
    return code == EOWNERDEAD || code == ENOTRECOVERABLE;
}

int rpi_living_look(struct living *living)
{
    int lost = 0;
    for (int i = 0; living->place != NULL && i < living->members; i++) {
        struct life *life = &living->place[i];
        if (i != living->me && !rpi_living_lost(living, i) && found_dead(life))
            atomic_store_explicit(&life->lost, 1, memory_order_release);
        lost += rpi_living_lost(living, i);
    }
    return lost;
}

bool rpi_living_lost(const struct living *living, int member)
{
    return living->place != NULL &&
           atomic_load_explicit(&living->place[member].lost, memory_order_acquire) != 0;
}

int rpi_living_rank(const struct living *living, int member)
{
    return living->place[member].rank;
}
