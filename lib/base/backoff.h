/* Backoff: polling for an event that wakes no sleeper, such as the arrival of a message. */
#ifndef RANKPOOL_BASE_BACKOFF_H
#define RANKPOOL_BASE_BACKOFF_H

#include <stdbool.h>

/* Yields for some looks (more if `spin`, which is right while each waiter has a core), then sleeps
 * between them. Zero except `spin` at the beginning of a wait. */
struct backoff {
    bool spin;
    int looks;
    double slept;
};

/* Waits until the next look. A sleep lasts an eighth of the wait so far, so that it delays the
 * waiter by no more than that, at least 20 us and at most a millisecond. */
void rpi_backoff_wait(struct backoff *backoff);

#endif
