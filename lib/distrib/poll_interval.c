#include "distrib/poll_interval.h"

#include <math.h>

/* While payloads move, while somebody waits, and otherwise at the least and at the most. */
static const double moving_sleep = 50e-6, awaited_sleep = 0.1e-3, shortest = 0.5e-3, longest = 8e-3;

/* While nobody knows how long the node has enough to do. */
static const double usual = 1e-3;

/* A dispatcher answers late by as much as it sleeps. Batches halve, and so does the time between
 * two requests: after a silence, the next one comes sooner than half of it only by chance. */
static const double longest_of_dispatcher = 4e-3;

/* What is waited for is late by no more than one part in so many of the time it took to come. */
static const double parts = 8;

static double within(double seconds, double most)
{
    return seconds < shortest ? shortest : seconds > most ? most : seconds;
}

double rpi_poll_interval_sleep(const struct poll_interval *poll_interval)
{
    if (poll_interval->moving)
        return moving_sleep;
    if (poll_interval->awaited)
        return awaited_sleep;
    double sleep =
        isfinite(poll_interval->lasts) ? within(poll_interval->lasts / parts, longest) : usual;
    double most = within(poll_interval->silence / parts, longest_of_dispatcher);
    return poll_interval->dispatches && most < sleep ? most : sleep;
}
