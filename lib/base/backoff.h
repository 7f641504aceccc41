/* Backoff: polling for an event that wakes no sleeper, such as the arrival of a message. */
#ifndef RANKPOOL_BASE_BACKOFF_H
#define RANKPOOL_BASE_BACKOFF_H

#include <stdbool.h>

/* In seconds. What ranks with equal work wait for comes sooner, so a waiter that has a core yields
 * for as long before it sleeps: to be woken takes 50 us and more, and on a virtual machine a core
 * that sleeps is lent to others. How long a yield takes depends on the kernel, and on whether
 * another process wants the core, so the clock limits them. */
static const double soon_seconds = 2e-3;

/* Yields for some looks (with `spin`, which is right while each waiter has a core, for
 * soon_seconds), then sleeps between them. Zero except `spin` at the beginning of a wait. */
struct backoff {
    bool spin;
    int looks;
    double begun, slept;
};

/* Waits until the next look. A sleep lasts an eighth of the wait so far, so that it delays the
 * waiter by no more than that, at least 20 us and at most a millisecond. */
void rpi_backoff_wait(struct backoff *backoff);

#endif
