#include "sched/suspects.h"

static struct unit_range lane_suspects(struct lane *lane)
{
    return unit_range_unpack(atomic_load_explicit(&lane->suspects, memory_order_acquire));
}

void rpi_suspects_keep(struct lane *lane, struct unit_range taken)
{
    atomic_store_explicit(&lane->suspects, unit_range_pack(taken), memory_order_release);
}

/* Replaces `left` by `rest`; false if another lane has been faster. */
static bool shrink_suspects(struct lane *lane, struct unit_range left, struct unit_range rest)
{
    uint64_t word = unit_range_pack(left);
    return atomic_compare_exchange_strong_explicit(&lane->suspects, &word, unit_range_pack(rest),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

bool rpi_suspects_next(struct lane *lane, struct unit_range *unit)
{
    for (;;) {
        struct unit_range left = lane_suspects(lane);
        if (unit_range_empty(left))
            return false;
        *unit = (struct unit_range){left.low, left.low + 1};
        if (shrink_suspects(lane, left, (struct unit_range){unit->high, left.high}))
            return true;
    }
}

static struct lane *suspects_victim(struct work_queue *work_queue, uint32_t index,
                                    struct unit_range *most)
{
    struct lane *found = NULL;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        struct lane *lane = &work_queue->lane[i];
        if (i == index ||
            atomic_load_explicit(&lane->job, memory_order_acquire) != work_queue->job ||
            atomic_load_explicit(&lane->lost, memory_order_relaxed) != 0)
            continue;
        struct unit_range left = lane_suspects(lane);
        if (unit_range_length(left) > unit_range_length(*most)) {
            *most = left;
            found = lane;
        }
    }
    return found;
}

bool rpi_suspects_steal(struct work_queue *work_queue, uint32_t index, struct unit_range *taken)
{
    for (;;) {
        struct unit_range left = {0, 0};
        struct lane *victim = suspects_victim(work_queue, index, &left);
        if (victim == NULL)
            return false;
        uint32_t middle = left.low + unit_range_length(left) / 2;
        *taken = (struct unit_range){middle, left.high};
        if (shrink_suspects(victim, left, (struct unit_range){left.low, middle}))
            return true;
    }
}
