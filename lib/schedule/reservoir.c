#include "schedule/reservoir.h"

static uint32_t divide_up(uint32_t dividend, uint64_t divisor)
{
    return (uint32_t)((dividend + divisor - 1) / divisor);
}

/* Polychronopoulos and Kuck, Guided self-scheduling, IEEE Transactions on Computers 36 (1987). */
static uint32_t guided(const struct reservoir_rule *rule, struct span whole, uint32_t low)
{
    return divide_up(whole.high - low, rule->lanes);
}

/* Hummel, Schonberg and Flynn, Factoring, Communications of the ACM 35 (1992): rounds of `lanes`
 * equal slices, each round half of what remains. The round that `low` is in follows from the
 * beginning, in log(n) steps, so no state is shared but the reservoir itself. */
static uint32_t factoring(const struct reservoir_rule *rule, struct span whole, uint32_t low)
{
    uint32_t round = whole.low;
    for (;;) {
        uint32_t slice = divide_up(whole.high - round, 2 * (uint64_t)rule->lanes);
        if (slice < rule->least)
            slice = rule->least;
        uint64_t next_round = round + (uint64_t)slice * rule->lanes;
        if (low < next_round)
            return slice;
        round = (uint32_t)next_round;
    }
}

uint32_t rpi_reservoir_slice(const struct reservoir_rule *rule, struct span whole, uint32_t low)
{
    uint32_t slice = divide_up(span_length(whole), rule->lanes);
    if (rule->schedule == RP_GUIDED)
        slice = guided(rule, whole, low);
    else if (rule->schedule == RP_FACTORING)
        slice = factoring(rule, whole, low);
    if (slice < rule->least)
        slice = rule->least;
    uint32_t left = whole.high - low;
    return slice < left ? slice : left;
}

bool rpi_reservoir_take(struct reservoir *reservoir, const struct reservoir_rule *rule,
                        struct span *taken)
{
    uint64_t word = atomic_load_explicit(&reservoir->left, memory_order_acquire);
    for (;;) {
        struct span left = span_unpack(word);
        if (span_empty(left))
            return false;
        struct span whole =
            span_unpack(atomic_load_explicit(&reservoir->whole, memory_order_relaxed));
        uint32_t units = left.high - left.low;
        /* If it was refilled in between, the exchange below fails whatever is offered. */
        if (whole.low <= left.low && whole.high == left.high)
            units = rpi_reservoir_slice(rule, whole, left.low);
        struct span rest = {left.low + units, left.high};
        if (atomic_compare_exchange_weak_explicit(&reservoir->left, &word, span_pack(rest),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            *taken = (struct span){left.low, rest.low};
            return true;
        }
    }
}

bool rpi_reservoir_take_part(struct reservoir *reservoir, uint32_t parts, struct span *taken)
{
    const struct reservoir_rule rule = {.schedule = RP_STATIC, .lanes = parts, .least = 1};
    return rpi_reservoir_take(reservoir, &rule, taken);
}
