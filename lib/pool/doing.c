#include "pool/doing.h"

size_t rpi_doings_bytes(int node_ranks)
{
    return sizeof(struct doings) + (size_t)node_ranks * sizeof(struct doing);
}

void rpi_doing_meet(struct doing *doing, uint32_t number, enum call call)
{
    /* Numbers come round after 2^32 meetings; they begin with 1. */
    uint64_t word = ((uint64_t)number | UINT64_C(1) << 32) << 8 | (uint64_t)call;
    atomic_store_explicit(&doing->meeting, word, memory_order_relaxed);
}

void rpi_doing_met(struct doing *doing)
{
    atomic_store_explicit(&doing->meeting, 0, memory_order_relaxed);
}

void rpi_doing_begin_job(struct doings *doings, int node_rank, const struct units *units)
{
    if (node_rank == 0) {
        atomic_store_explicit(&doings->items, units->items, memory_order_relaxed);
        atomic_store_explicit(&doings->unit_items, units->unit_items, memory_order_relaxed);
    }
    atomic_store_explicit(&doings->of[node_rank].in_job, IN_JOB, memory_order_relaxed);
}

void rpi_doing_end_job(struct doing *doing)
{
    rpi_doing_return(doing);
    atomic_store_explicit(&doing->in_job, NO_JOB, memory_order_relaxed);
}

void rpi_doing_begin_stream(struct doing *doing)
{
    rpi_doing_parcel(doing, (rp_range){0, 0});
    atomic_store_explicit(&doing->in_job, IN_STREAM, memory_order_relaxed);
}

void rpi_doing_parcel(struct doing *doing, rp_range items)
{
    atomic_store_explicit(&doing->parcel_begin, items.begin, memory_order_relaxed);
    atomic_store_explicit(&doing->parcel_end, items.end, memory_order_relaxed);
}

void rpi_doing_call(struct doing *doing, rp_range items, double now, double allowed)
{
    const double longest = 1e9; /* seconds: some thirty years, which fit the word */
    double seconds = allowed < longest ? 2 * allowed : 2 * longest;
    rpi_doing_return(doing);
    atomic_store_explicit(&doing->begin, items.begin, memory_order_release);
    atomic_store_explicit(&doing->end, items.end, memory_order_release);
    atomic_store_explicit(&doing->overdue, (int64_t)((now + seconds) * 1e9), memory_order_release);
}

void rpi_doing_return(struct doing *doing)
{
    atomic_store_explicit(&doing->overdue, 0, memory_order_relaxed);
}

bool rpi_doing_overdue(struct doing *doing, double now, rp_range *items)
{
    int64_t overdue = atomic_load_explicit(&doing->overdue, memory_order_acquire);
    if (overdue == 0 || now * 1e9 < (double)overdue)
        return false;
    items->begin = atomic_load_explicit(&doing->begin, memory_order_acquire);
    items->end = atomic_load_explicit(&doing->end, memory_order_acquire);
    return atomic_load_explicit(&doing->overdue, memory_order_relaxed) == overdue;
}
