#include "base/backoff.h"

#include "base/clock.h"

#include <sched.h>

enum {
    YIELDS = 2
};

static const double shortest = 20e-6, longest = 1e-3, divisor = 8;

/* Whether what is waited for is still likely to come soon. */
static bool backoff_yields(struct backoff *backoff)
{
    if (backoff->looks++ < YIELDS)
        return true;
    if (!backoff->spin)
        return false;
    double now = rpi_clock_seconds();
    if (backoff->begun == 0)
        backoff->begun = now;
    backoff->spin = now - backoff->begun < soon_seconds;
    return backoff->spin;
}

void rpi_backoff_wait(struct backoff *backoff)
{
    if (backoff_yields(backoff)) {
        sched_yield();
        return;
    }
    double sleep = shortest + backoff->slept / divisor;
    sleep = sleep < longest ? sleep : longest;
    backoff->slept += sleep;
    rpi_sleep(sleep);
}
