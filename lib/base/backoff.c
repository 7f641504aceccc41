#include "base/backoff.h"

#include "base/clock.h"

#include <sched.h>

enum {
    YIELDS = 2,
    SPINNING_YIELDS = 100
};

static const double shortest = 20e-6, longest = 1e-3, divisor = 8;

void rpi_backoff_wait(struct backoff *backoff)
{
    if (backoff->looks < (backoff->spin ? SPINNING_YIELDS : YIELDS)) {
        backoff->looks++;
        sched_yield();
        return;
    }
    double sleep = shortest + backoff->slept / divisor;
    sleep = sleep < longest ? sleep : longest;
    backoff->slept += sleep;
    rpi_sleep(sleep);
}
