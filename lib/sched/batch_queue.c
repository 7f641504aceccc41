#include "sched/batch_queue.h"

static uint32_t queue_divide_up(uint32_t dividend, uint64_t divisor)
{
    return (uint32_t)((dividend + divisor - 1) / divisor);
}

/* Polychronopoulos and Kuck, Guided self-scheduling, IEEE Transactions on Computers 36 (1987). */
static uint32_t guided_chunk(const struct batch_queue_rule *rule, struct unit_range whole,
                             uint32_t low)
{
    return queue_divide_up(whole.high - low, rule->lanes);
}

/* Hummel, Schonberg and Flynn, Factoring, Communications of the ACM 35 (1992): rounds of `lanes`
 * equal chunks; each round takes half of what remains. The round of `low` is computed from the
 * start of the batch in log(n) steps, so the batch queue is the only shared state. */
static uint32_t factoring_chunk(const struct batch_queue_rule *rule, struct unit_range whole,
                                uint32_t low)
{
    uint32_t round = whole.low;
    for (;;) {
        uint32_t chunk = queue_divide_up(whole.high - round, 2 * (uint64_t)rule->lanes);
        if (chunk < rule->least)
            chunk = rule->least;
        uint64_t next_round = round + (uint64_t)chunk * rule->lanes;
        if (low < next_round)
            return chunk;
        round = (uint32_t)next_round;
    }
}

uint32_t rpi_batch_queue_chunk(const struct batch_queue_rule *rule, struct unit_range whole,
                               uint32_t low)
{
    uint32_t chunk = queue_divide_up(unit_range_length(whole), rule->lanes);
    if (rule->schedule == RP_SCHEDULE_GUIDED)
        chunk = guided_chunk(rule, whole, low);
    else if (rule->schedule == RP_SCHEDULE_FACTORING)
        chunk = factoring_chunk(rule, whole, low);
    if (chunk < rule->least)
        chunk = rule->least;
    uint32_t left = whole.high - low;
    return chunk < left ? chunk : left;
}

/* Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003). */
void rpi_batch_queue_shuffle(struct batch_queue_rule *rule)
{
    rule->random ^= rule->random << 13;
    rule->random ^= rule->random >> 7;
    rule->random ^= rule->random << 17;
}

/* On average half of a lane's part of the units left, so that the number of parts grows with the
 * logarithm of the units and fits the logs. */
static uint32_t random_units(const struct batch_queue_rule *rule, uint32_t left)
{
    uint32_t most = queue_divide_up(left, rule->lanes);
    uint32_t units = 1 + (uint32_t)((rule->random >> 8) % most);
    units = units < rule->least ? rule->least : units;
    return units < left ? units : left;
}

/* Units to take from `left`, which the caller has loaded. If the queue has been refilled since,
 * `whole` may not match `left`; the number does not matter then, because the compare-and-swap
 * fails. */
static uint32_t batch_queue_units(struct batch_queue *batch_queue,
                                  const struct batch_queue_rule *rule, struct unit_range left)
{
    struct unit_range whole =
        unit_range_unpack(atomic_load_explicit(&batch_queue->whole, memory_order_relaxed));
    if (rule->random != 0)
        return random_units(rule, unit_range_length(left));
    if (whole.low <= left.low && whole.high == left.high)
        return rpi_batch_queue_chunk(rule, whole, left.low);
    return left.high - left.low;
}

/* The order matters: load `left`, then the words that describe its batch, then compare-and-swap.
 * The acquire load of `left` makes the node agent's earlier stores visible. The agent changes
 * `attempt` and `whole` only while `left` is empty, and supplies no unit twice in a job, so if the
 * compare-and-swap succeeds, everything loaded in between describes the units taken. If `attempt`
 * were loaded before `left`, the queue could be refilled in between and a suspect batch taken in
 * bulk: the next death would then give up units that did not cause it. */
bool rpi_batch_queue_take(struct batch_queue *batch_queue, const struct batch_queue_rule *rule,
                          bool shuns, struct unit_range *taken)
{
    const struct batch_queue_rule parts = {.schedule = RP_SCHEDULE_STATIC,
                                           .lanes = rule->lanes,
                                           .least = 1};
    uint64_t word = atomic_load_explicit(&batch_queue->left, memory_order_acquire);
    for (;;) {
        struct unit_range left = unit_range_unpack(word);
        if (unit_range_empty(left))
            return false;
        bool suspect = atomic_load_explicit(&batch_queue->attempt, memory_order_relaxed) > 0;
        if (suspect && shuns)
            return false;
        uint32_t units = batch_queue_units(batch_queue, suspect ? &parts : rule, left);
        bool from_end = !suspect && (rule->random & 1) != 0;
        struct unit_range first = {left.low, left.low + units},
                          last = {left.high - units, left.high};
        struct unit_range rest = from_end ? (struct unit_range){left.low, last.low}
                                          : (struct unit_range){first.high, left.high};
        if (atomic_compare_exchange_weak_explicit(&batch_queue->left, &word, unit_range_pack(rest),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            *taken = from_end ? last : first;
            return true;
        }
    }
}
