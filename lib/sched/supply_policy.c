#include "sched/supply_policy.h"

#include <math.h>

/* A node requests a batch when its units last no longer than this many deliveries of a batch plus a
 * margin in seconds. */
static const double supply_deliveries = 2, supply_margin = 1e-3;

double rpi_supply_first_delivery(void)
{
    return 2e-3;
}

double rpi_supply_learn(double known, double took)
{
    const double weight = 0.3;
    return known + weight * (took - known);
}

/* As rpi_supply_seconds(), with `coming` more units. */
static double supply_seconds(const struct supply *supply, uint64_t coming)
{
    uint64_t waiting = supply->waiting + coming;
    if (waiting < supply->idle)
        return 0;
    double units = (double)waiting + supply->until_next;
    return supply->units_per_second > 0 ? units / supply->units_per_second : INFINITY;
}

double rpi_supply_seconds(const struct supply *supply)
{
    return supply_seconds(supply, 0);
}

double rpi_supply_covered(const struct supply *supply)
{
    return supply_deliveries * supply->delivery + supply_margin;
}

/* A batch that was requested is expected to be as large as the last. Each batch is a fair share of
 * what is left, so a node that requests too early, or a second one in flight, gets a second share:
 * that pays off only if shares are cut short. Such batches follow one another, and each is on its
 * way while those before it are computed. */
bool rpi_supply_request_due(const struct supply *supply)
{
    uint64_t coming = supply->arriving + (uint64_t)supply->requested * supply->last;
    bool cut_short = supply->last >= supply->most;
    double early = cut_short ? supply_deliveries * supply->transfer : 0;
    return supply->requested < supply->room && (supply->requested == 0 || cut_short) &&
           supply_seconds(supply, coming) <= rpi_supply_covered(supply) + early;
}

/* ---- poll interval --------------------------------------------------------------------------- */

/* Seconds while transfers are in progress; while ranks wait; bounds otherwise. */
static const double moving_sleep = 50e-6, awaited_sleep = 0.1e-3, min_sleep = 0.5e-3,
                    max_sleep = 8e-3;

/* While it is unknown when the node runs out of units. */
static const double default_sleep = 1e-3;

/* The dispatcher's sleep delays its replies. Batches halve in size, and so does the time between
 * two requests: after a silence the next request rarely arrives before half that time has
 * passed. */
static const double max_dispatcher_sleep = 4e-3;

/* Limits the delay of an event to one part in `sleep_divisor` of the time until it happens. */
static const double sleep_divisor = 8;

static double poll_interval_clamp(double seconds, double most)
{
    return seconds < min_sleep ? min_sleep : seconds > most ? most : seconds;
}

double rpi_poll_interval_seconds(const struct poll_interval *poll_interval)
{
    if (poll_interval->moving)
        return moving_sleep;
    if (poll_interval->awaited)
        return awaited_sleep;
    double sleep = isfinite(poll_interval->lasts)
                       ? poll_interval_clamp(poll_interval->lasts / sleep_divisor, max_sleep)
                       : default_sleep;
    double most = poll_interval_clamp(poll_interval->silence / sleep_divisor, max_dispatcher_sleep);
    return poll_interval->dispatches && most < sleep ? most : sleep;
}
