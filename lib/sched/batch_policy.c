#include "sched/batch_policy.h"

/* One part in so many is dealt out before anything is known of the nodes' speeds. */
static const uint32_t beginnings = 20;

uint32_t rpi_batch_policy_beginning(uint32_t units, int ranks, int nodes, rp_schedule schedule)
{
    if (nodes == 1 || schedule == RP_SCHEDULE_STATIC)
        return units;
    uint32_t some = units / beginnings;
    if (some < (uint32_t)ranks)
        some = (uint32_t)ranks;
    return some < units ? some : units;
}

/* Units per second of a node; where that is not known yet, as many per rank as the others do. */
static double speed_of(const struct batch_policy *dispatch, int node)
{
    double speeds = 0, ranks = 0;
    if (dispatch->node[node].speed > 0)
        return dispatch->node[node].speed;
    for (int i = 0; i < dispatch->nodes; i++) {
        if (dispatch->node[i].speed > 0) {
            speeds += dispatch->node[i].speed;
            ranks += dispatch->node[i].ranks;
        }
    }
    return ranks > 0 ? speeds / ranks * dispatch->node[node].ranks : dispatch->node[node].ranks;
}

/* What part of the work a node can do in the time in which all of it is done. */
static double weight_of(const struct batch_policy *dispatch, int node)
{
    double all = 0;
    for (int i = 0; i < dispatch->nodes; i++)
        all += speed_of(dispatch, i);
    return speed_of(dispatch, node) / all;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* A node that asks again has done most of what it had: twice as much cannot be far too much. Not so
 * where batches are bounded, for then it asks for several at once. */
static double units_without_speed(const struct dispatch_node *asking, double fair)
{
    double some = larger(asking->ranks, fair / beginnings);
    return asking->most < UINT32_MAX ? some : larger(some, 2.0 * asking->last);
}

static uint32_t units_for(const struct batch_policy *dispatch, int node, double seconds)
{
    const struct dispatch_node *asking = &dispatch->node[node];
    uint32_t left = unit_range_length(dispatch->left);
    double fair = left * weight_of(dispatch, node);
    double units = larger(fair / 2, smaller(fair, seconds * asking->speed));
    if (asking->speed <= 0)
        units = smaller(units, units_without_speed(asking, fair));
    units = larger(units, dispatch->least);
    units = smaller(units, asking->most);
    return units < left ? (uint32_t)larger(units, 1) : left;
}

struct unit_range rpi_batch_policy_next(struct batch_policy *dispatch, int node, double seconds)
{
    struct unit_range *from = &dispatch->left;
    uint32_t units;
    if (!unit_range_empty(dispatch->node[node].own)) {
        from = &dispatch->node[node].own;
        units = unit_range_length(*from);
        if (units > dispatch->node[node].most)
            units = dispatch->node[node].most;
    } else if (!unit_range_empty(*from)) {
        units = units_for(dispatch, node, seconds);
    } else {
        return (struct unit_range){0, 0};
    }
    struct unit_range batch = {from->low, from->low + units};
    from->low = batch.high;
    dispatch->node[node].last = units;
    return batch;
}

bool rpi_batch_policy_exhausted(const struct batch_policy *dispatch, int node)
{
    return unit_range_empty(dispatch->left) && unit_range_empty(dispatch->node[node].own);
}
