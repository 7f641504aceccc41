#include "sched/batch_policy.h"

#include <math.h>

/* The initial distribution, before any node speed is known, is 1/initial_divisor of the units. */
static const uint32_t initial_divisor = 20;

uint32_t rpi_batch_policy_initial(uint32_t units, int ranks, int nodes, rp_schedule schedule)
{
    if (nodes == 1 || schedule == RP_SCHEDULE_STATIC)
        return units;
    uint32_t initial = units / initial_divisor;
    if (initial < (uint32_t)ranks)
        initial = (uint32_t)ranks;
    return initial < units ? initial : units;
}

static double batch_min(double a, double b)
{
    return a < b ? a : b;
}

static double batch_max(double a, double b)
{
    return a > b ? a : b;
}

void rpi_batch_policy_begin(struct batch_policy *policy)
{
    policy->speed = 0;
    policy->issued = 0;
    policy->ranks = policy->measured = 0;
    for (int i = 0; i < policy->nodes; i++)
        policy->ranks += policy->node[i].ranks;
    for (int i = 0; i < policy->nodes; i++) {
        double speed = policy->node[i].speed;
        policy->node[i].speed = 0;
        policy->issued += policy->node[i].issued;
        rpi_batch_policy_learn(policy, i, speed);
    }
}

void rpi_batch_policy_learn(struct batch_policy *policy, int node, double speed)
{
    struct dispatch_node *measured = &policy->node[node];
    if (speed <= 0)
        return;
    if (measured->speed <= 0)
        policy->measured += measured->ranks;
    /* Rounding may have left less in the sum than this node's part. */
    policy->speed = batch_max(policy->speed - measured->speed, 0) + speed;
    measured->speed = speed;
}

/* A node's fraction of the speed of all nodes. One that has not been measured counts as many units
 * per second for each rank as the measured ones have. */
static double node_speed_fraction(const struct batch_policy *policy, int node)
{
    const struct dispatch_node *asking = &policy->node[node];
    double of_rank = policy->measured > 0 ? policy->speed / (double)policy->measured : 1;
    double all = policy->speed + of_rank * (double)(policy->ranks - policy->measured);
    return (asking->speed > 0 ? asking->speed : of_rank * asking->ranks) / all;
}

/* A node that asks again has done most of its last batch, so twice that is not far too much. */
static double units_for_unmeasured(const struct dispatch_node *asking, double fair)
{
    return batch_max(batch_max(asking->ranks, fair / initial_divisor), 2.0 * asking->last);
}

/* What the node lacks of its part of all units, the issued ones included; below 0: it has more. */
static double units_lacking(const struct batch_policy *policy, int node, uint32_t left,
                            double fraction)
{
    return ((double)left + (double)policy->issued) * fraction - policy->node[node].issued;
}

/* While the nodes ask in turn, what is left shrinks, and with it the fair share. A node that asks
 * late in such a wave gets as much as those before it: half of what it lacks, which is then all of
 * its fair share. In the last wave, when all that a node lacks would not last until its next batch,
 * it gets all. */
uint32_t rpi_batch_policy_next(struct batch_policy *policy, int node, uint32_t left, double seconds)
{
    struct dispatch_node *asking = &policy->node[node];
    double fraction = node_speed_fraction(policy, node), fair = left * fraction;
    double lacking = units_lacking(policy, node, left, fraction);
    double units = batch_max(fair / 2, batch_min(fair, lacking / 2));
    units = batch_max(units, batch_min(batch_max(fair, lacking), seconds * asking->speed));
    if (asking->speed <= 0)
        units = batch_min(units, units_for_unmeasured(asking, fair));
    units = batch_max(units, policy->least);
    units = batch_min(units, asking->most);
    rpi_batch_policy_issue(policy, node, units < left ? (uint32_t)batch_max(units, 1) : left);
    return asking->last;
}

void rpi_batch_policy_issue(struct batch_policy *policy, int node, uint32_t units)
{
    policy->node[node].last = units;
    policy->node[node].issued += units;
    policy->issued += units;
}

/* ---- throughput ------------------------------------------------------------------------------ */

/* In seconds: a shorter measurement would see single chunks, and one in which no unit is finished
 * goes on: chunks may be longer. The weight of a measurement decays over `decay`, since older ones
 * saw other items. After a long item the weight of an increase is at least least_increase, so the
 * estimate recovers in a few steps. */
static const double shortest_measurement = 0.02, decay = 0.3, least_increase = 0.5;

struct throughput rpi_throughput_start(double now)
{
    return (struct throughput){.since = now};
}

void rpi_throughput_learn(struct throughput *throughput, double now, uint32_t done)
{
    double seconds = now - throughput->since;
    bool first = throughput->units_per_second <= 0;
    if (seconds < shortest_measurement || done == throughput->done)
        return;
    double measured = done > throughput->done ? (done - throughput->done) / seconds : 0;
    double weight = 1 - exp(-seconds / decay);
    if (measured > throughput->units_per_second && weight < least_increase)
        weight = least_increase;
    if (first)
        weight = 1;
    throughput->units_per_second += weight * (measured - throughput->units_per_second);
    throughput->since = now;
    throughput->done = done;
}

double rpi_throughput_guess(const struct throughput *throughput, double now, uint32_t done)
{
    double seconds = now - throughput->since;
    if (throughput->units_per_second > 0 || done <= throughput->done || seconds <= 0)
        return throughput->units_per_second;
    return (done - throughput->done) / seconds;
}
