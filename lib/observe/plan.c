#include "observe/plan.h"

#include <math.h>
#include <stddef.h>

/* Few ranks get tall lanes, many get thin ones. */
static double lane_height_for(int ranks)
{
    static const struct {
        int ranks;
        double height;
    } steps[] = {{4, 44}, {8, 36}, {16, 26}, {32, 18}, {64, 13}, {128, 8}, {256, 5}, {1024, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (ranks <= steps[i].ranks)
            return steps[i].height;
    }
    return 1;
}

struct plan rpi_plan_make(const struct story *story, int slow)
{
    struct plan plan = {
        .width = 1200,
        .left = 116,
        .plot_width = 1000,
        .graph_top = 92,
        .graph_height = 96,
        .jobs_height = 18,
        .lane_height = lane_height_for(story->ranks),
        .begin = story->begin,
        .seconds = story->end - story->begin,
    };
    if (plan.seconds <= 0)
        plan.seconds = 1e-9;
    plan.lane_gap = plan.lane_height >= 18 ? 4 : plan.lane_height >= 8 ? 1 : 0;
    plan.node_gap = plan.lane_height >= 8 ? 12 : story->nodes <= 64 ? 5 : 1;
    plan.jobs_top = plan.graph_top + plan.graph_height + 14;
    plan.lanes_top = plan.jobs_top + plan.jobs_height + 8;
    double lanes =
        story->ranks * (plan.lane_height + plan.lane_gap) + (story->nodes - 1) * plan.node_gap;
    plan.axis_top = plan.lanes_top + lanes + 4;
    plan.list_top = plan.axis_top + 52;
    plan.height = plan.list_top + (slow > 0 ? 20 + 18 * ((slow + 1) / 2) : 0) + 12;
    return plan;
}

double rpi_plan_lane(const struct plan *plan, const struct story *story, int rank)
{
    return plan->lanes_top + rank * (plan->lane_height + plan->lane_gap) +
           story->tales[rank].figures.node * plan->node_gap;
}

double rpi_plan_x(const struct plan *plan, double time)
{
    return plan->left + (time - plan->begin) / plan->seconds * plan->plot_width;
}

double rpi_plan_step(double range, int ticks)
{
    double rough = range / ticks, power = pow(10, floor(log10(rough)));
    double factor = rough / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}
