#include "schedule/suspects.h"

static struct span suspects_of(struct lane *lane)
{
    return span_unpack(atomic_load_explicit(&lane->suspects, memory_order_acquire));
}

void rpi_suspects_keep(struct lane *lane, struct span taken)
{
    atomic_store_explicit(&lane->suspects, span_pack(taken), memory_order_release);
}

/* Leaves `rest` of `left`, if nobody has been faster. */
static bool shrink(struct lane *lane, struct span left, struct span rest)
{
    uint64_t word = span_pack(left);
    return atomic_compare_exchange_strong_explicit(&lane->suspects, &word, span_pack(rest),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

bool rpi_suspects_next(struct lane *lane, struct span *unit)
{
    for (;;) {
        struct span left = suspects_of(lane);
        if (span_empty(left))
            return false;
        *unit = (struct span){left.low, left.low + 1};
        if (shrink(lane, left, (struct span){unit->high, left.high}))
            return true;
    }
}

static struct lane *richest(struct board *board, uint32_t index, struct span *most)
{
    struct lane *found = NULL;
    for (uint32_t i = 0; i < board->lanes; i++) {
        struct lane *lane = &board->lane[i];
        if (i == index || atomic_load_explicit(&lane->job, memory_order_acquire) != board->job ||
            atomic_load_explicit(&lane->lost, memory_order_relaxed) != 0)
            continue;
        struct span left = suspects_of(lane);
        if (span_length(left) > span_length(*most)) {
            *most = left;
            found = lane;
        }
    }
    return found;
}

bool rpi_suspects_steal(struct board *board, uint32_t index, struct span *taken)
{
    for (;;) {
        struct span left = {0, 0};
        struct lane *victim = richest(board, index, &left);
        if (victim == NULL)
            return false;
        uint32_t middle = left.low + span_length(left) / 2;
        *taken = (struct span){middle, left.high};
        if (shrink(victim, left, (struct span){left.low, middle}))
            return true;
    }
}
