#include "diag/activity.h"

size_t rpi_activities_bytes(int node_ranks)
{
    return sizeof(struct activities) + (size_t)node_ranks * sizeof(struct rank_activity);
}

void rpi_activity_begin_stream(struct rank_activity *activity)
{
    rpi_activity_packet(activity, (rp_range){0, 0});
    atomic_store_explicit(&activity->in_job, IN_STREAM, memory_order_relaxed);
}

void rpi_activity_begin_worklist(struct rank_activity *activity)
{
    rpi_activity_packet(activity, (rp_range){0, 0});
    atomic_store_explicit(&activity->in_job, IN_WORKLIST, memory_order_relaxed);
}

void rpi_activity_packet(struct rank_activity *activity, rp_range items)
{
    atomic_store_explicit(&activity->packet_begin, items.begin, memory_order_relaxed);
    atomic_store_explicit(&activity->packet_end, items.end, memory_order_relaxed);
}

void rpi_activity_call(struct rank_activity *activity, rp_range items, double now, double allowed)
{
    const double longest = 1e9; /* seconds, about 30 years: fits the word in nanoseconds */
    double seconds = allowed < longest ? 2 * allowed : 2 * longest;
    activity_return(activity);
    atomic_store_explicit(&activity->begin, items.begin, memory_order_release);
    atomic_store_explicit(&activity->end, items.end, memory_order_release);
    atomic_store_explicit(&activity->overdue, (int64_t)((now + seconds) * 1e9),
                          memory_order_release);
}

bool rpi_activity_overdue(struct rank_activity *activity, double now, rp_range *items)
{
    int64_t overdue = atomic_load_explicit(&activity->overdue, memory_order_acquire);
    if (overdue == 0 || now * 1e9 < (double)overdue)
        return false;
    items->begin = atomic_load_explicit(&activity->begin, memory_order_acquire);
    items->end = atomic_load_explicit(&activity->end, memory_order_acquire);
    return atomic_load_explicit(&activity->overdue, memory_order_relaxed) == overdue;
}
