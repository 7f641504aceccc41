#include "diag/activity.h"

size_t rpi_activities_bytes(int node_ranks)
{
    return sizeof(struct activities) + (size_t)node_ranks * sizeof(struct rank_activity);
}

void rpi_activity_begin_agreement(struct rank_activity *activity, uint32_t number, enum call call)
{
    /* Bit 32 keeps the word nonzero when the number wraps to 0. */
    uint64_t word = ((uint64_t)number | UINT64_C(1) << 32) << 8 | (uint64_t)call;
    atomic_store_explicit(&activity->agreement, word, memory_order_relaxed);
}

void rpi_activity_end_agreement(struct rank_activity *activity)
{
    atomic_store_explicit(&activity->agreement, 0, memory_order_relaxed);
}

void rpi_activity_begin_job(struct activities *activities, int node_rank, const struct units *units)
{
    if (node_rank == 0) {
        atomic_store_explicit(&activities->items, units->items, memory_order_relaxed);
        atomic_store_explicit(&activities->unit_items, units->unit_items, memory_order_relaxed);
    }
    atomic_store_explicit(&activities->of[node_rank].in_job, IN_JOB, memory_order_relaxed);
}

void rpi_activity_end_job(struct rank_activity *activity)
{
    rpi_activity_return(activity);
    atomic_store_explicit(&activity->in_job, NO_JOB, memory_order_relaxed);
}

void rpi_activity_begin_stream(struct rank_activity *activity)
{
    rpi_activity_packet(activity, (rp_range){0, 0});
    atomic_store_explicit(&activity->in_job, IN_STREAM, memory_order_relaxed);
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
    rpi_activity_return(activity);
    atomic_store_explicit(&activity->begin, items.begin, memory_order_release);
    atomic_store_explicit(&activity->end, items.end, memory_order_release);
    atomic_store_explicit(&activity->overdue, (int64_t)((now + seconds) * 1e9),
                          memory_order_release);
}

void rpi_activity_return(struct rank_activity *activity)
{
    atomic_store_explicit(&activity->overdue, 0, memory_order_relaxed);
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
