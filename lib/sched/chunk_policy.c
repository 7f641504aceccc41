#include "sched/chunk_policy.h"

#include <math.h>
#include <stdbool.h>

/* A chunk of work costs about 50 ns to claim and measure: 0.1 % of this. */
static const double target_seconds = 50e-6;

/* Below this a chunk is not cut any more: claiming the parts would cost more than it could save. */
static const double finest_seconds = 2e-6;

/* A declared fixed cost per call is hidden in chunks so many times as long; at the end of a share,
 * what is less than so many times as long is not cut any more. */
static const double call_hidden = 30.0, call_finest = 3.0;

/* However dear a call is said to be, so much of a chunk was work: one that was shorter than its
 * call is no sign that units cost nothing. */
static const double least_work = 0.25;

/* With nothing measured, a dear call gets a small part of the share: where that takes hours, the
 * whole program can only be stopped between chunks. From there chunks grow in steps so large
 * that few calls are spent on it. A cheap call begins with one unit, and doubles. */
static const double first_part = 1.0 / 32768, dear_growth = 64.0, growth = 2.0;

/* A chunk that took longer than so many times the estimate says little: the rank was interrupted,
 * or it met one long item among short ones. */
static const double outlier = 4.0;

static double larger(double a, double b)
{
    return a > b ? a : b;
}

struct chunk_policy rpi_chunk_policy_start(double call_overhead, uint32_t least)
{
    return (struct chunk_policy){.call_overhead = call_overhead, .least = least > 0 ? least : 1};
}

static double first_guess(const struct chunk_policy *pace, uint32_t remaining)
{
    return pace->call_overhead > 0 ? remaining * first_part : 1.0;
}

/* The end of the last share: half of what is left, until it is not worth cutting. */
static double fair_share(const struct chunk_policy *pace, uint32_t remaining)
{
    double finest = larger(finest_seconds, call_finest * pace->call_overhead);
    double at_once = finest / pace->unit_seconds;
    return remaining <= at_once ? remaining : larger(remaining / 2.0, at_once);
}

/* A share after which more will come: chunks of one length, so that none is much too short. */
static double even_chunk(double wanted, uint32_t remaining)
{
    double chunks = floor(remaining / wanted + 0.5);
    return chunks > 1 ? ceil(remaining / chunks) : remaining;
}

static double units_for_target(const struct chunk_policy *pace, uint32_t remaining, bool more)
{
    double target = larger(target_seconds, call_hidden * pace->call_overhead);
    double wanted = target / pace->unit_seconds;
    double share = more ? remaining : fair_share(pace, remaining);
    wanted = more ? even_chunk(wanted, remaining) : wanted;
    double grown = (pace->call_overhead > 0 ? dear_growth : growth) * pace->proven;
    double units = wanted < grown ? wanted : grown;
    return units < share ? units : share;
}

uint32_t rpi_chunk_policy_next(const struct chunk_policy *pace, uint32_t remaining, bool more)
{
    double units = pace->unit_seconds > 0 ? units_for_target(pace, remaining, more)
                                          : first_guess(pace, remaining);
    units = larger(units, pace->least);
    return units < remaining ? (uint32_t)units : remaining;
}

void rpi_chunk_policy_learn(struct chunk_policy *pace, uint32_t units, double seconds)
{
    bool dear = pace->call_overhead > 0, longest = units > pace->proven;
    /* Chunks at the end of a share are short for other reasons: forget slowly. */
    pace->proven = units > pace->proven / 2 ? units : pace->proven / 2;
    double work = larger(seconds - pace->call_overhead, least_work * seconds);
    double measured = larger(work / units, 1e-12);
    /* The longer a chunk with a dear call, the better is known what is work in it and what is
     * call. */
    if (pace->unit_seconds <= 0 || (dear && longest)) {
        pace->unit_seconds = measured;
        return;
    }
    double most = dear ? measured : outlier * pace->unit_seconds;
    double believed = measured < most ? measured : most;
    pace->unit_seconds += 0.5 * (believed - pace->unit_seconds);
}
