/* Event counts: waiting for changes in shared memory, first by spinning, then on a futex. They work
 * between threads and between processes that share the memory. */
#ifndef RANKPOOL_BASE_EVENTCOUNT_H
#define RANKPOOL_BASE_EVENTCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A notifier increments `sequence`; a waiter increments `sleepers` while it sleeps, so that a
 * notification without sleepers costs no system call.
 *
 * sequence: incremented by notifiers with seq_cst after the stores that it announces; read by
 *       waiters with acquire before they look at the data, so that they see those stores.
 * sleepers: incremented with seq_cst before the kernel compares `sequence`. Either the notifier
 *       sees the sleeper and wakes it, or the sleeper sees the new sequence and does not sleep. */
struct eventcount {
    _Atomic uint32_t sequence;
    _Atomic uint32_t sleepers;
};

/* The sequence to compare with. Read it before looking at the data. */
uint32_t rpi_eventcount_key(struct eventcount *word);

/* Announces the stores so far, and wakes all sleepers. */
void rpi_eventcount_notify_all(struct eventcount *word);

/* The two steps of that, where waiters count the announcements, or few of these concern a sleeper.
 * The first returns the new sequence. */
uint32_t rpi_eventcount_advance(struct eventcount *word);
void rpi_eventcount_wake_all(struct eventcount *word);

/* Announces the stores so far, and wakes one sleeper. */
void rpi_eventcount_notify_one(struct eventcount *word);

/* Waits until the sequence differs from `seen`, but no longer than `most_seconds`. `spin`: spin for
 * some microseconds first, which is right while each waiter has a core. May return early. */
void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds);

/* The same where the change is likely to come soon, as when ranks with equal work wait for each
 * other: with `spin`, yields for soon_seconds (base/backoff.h) before it sleeps. */
void rpi_eventcount_wait_soon(struct eventcount *word, uint32_t seen, bool spin,
                              double most_seconds);

/* The same without spinning, for threads without a core of their own. */
void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds);

#endif
