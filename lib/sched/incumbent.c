#include "sched/incumbent.h"

#include <math.h>
#include <string.h>

/* ---- values ---------------------------------------------------------------------------------- */

static const uint64_t sign_bit = UINT64_C(1) << 63;

uint64_t rpi_incumbent_value(double value, bool maximise)
{
    double less = (maximise ? -value : value) + 0.0; /* the zeros are equal */
    uint64_t bits;
    memcpy(&bits, &less, sizeof bits);
    return bits & sign_bit ? ~bits : bits | sign_bit;
}

double rpi_incumbent_double(uint64_t value, bool maximise)
{
    uint64_t bits = value & sign_bit ? value & ~sign_bit : ~value;
    double less = INFINITY;
    if (value != NO_INCUMBENT)
        memcpy(&less, &bits, sizeof less);
    return maximise ? -less : less;
}

/* ---- the order ------------------------------------------------------------------------------- */

void rpi_place_seed(struct tree_place *place)
{
    memset(place, 0, sizeof *place);
}

void rpi_place_child(const struct tree_place *parent, uint64_t number, struct tree_place *place)
{
    memcpy(place, parent, sizeof *place);
    if (place->depth < PLACE_LEVELS)
        place->numbers[place->depth++] = (uint16_t)number;
}

int rpi_incumbent_order(const struct incumbent *incumbent, int64_t seed,
                        const struct tree_place *place)
{
    const struct tree_place *found = &incumbent->place;
    int common = found->depth < place->depth ? found->depth : place->depth;
    if (incumbent->seed != seed)
        return incumbent->seed > seed ? -1 : 1;
    for (int i = 0; i < common; i++) {
        if (found->numbers[i] != place->numbers[i])
            return found->numbers[i] > place->numbers[i] ? -1 : 1;
    }
    return found->depth - place->depth;
}

void rpi_incumbent_join(struct incumbent *left, const struct incumbent *right, size_t witness_size)
{
    if (right->value > left->value || right->value == NO_INCUMBENT)
        return;
    int order =
        right->value < left->value ? -1 : rpi_incumbent_order(right, left->seed, &left->place);
    if (order == 0)
        order = memcmp(incumbent_witness(right), incumbent_witness(left), witness_size);
    if (order < 0)
        memcpy(left, right, sizeof *left + witness_size);
}

/* ---- shared words ---------------------------------------------------------------------------- */

void rpi_incumbent_make(struct shared_incumbent *shared)
{
    atomic_store(&shared->best, NO_INCUMBENT);
    atomic_store(&shared->version, 0);
    atomic_store(&shared->words[0], NO_INCUMBENT);
}

void rpi_bound_merge(struct shared_incumbent *shared, uint64_t value)
{
    uint64_t best = bound_best(shared);
    while (value < best &&
           !atomic_compare_exchange_weak_explicit(&shared->best, &best, value, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

static void incumbent_load(const struct shared_incumbent *shared, struct incumbent *incumbent)
{
    uint64_t words[INCUMBENT_WORDS];
    for (int i = 0; i < INCUMBENT_WORDS; i++)
        words[i] = atomic_load_explicit(&shared->words[i], memory_order_acquire);
    memcpy(incumbent, words, sizeof words);
}

static void incumbent_store(struct shared_incumbent *shared, const struct incumbent *incumbent)
{
    uint64_t words[INCUMBENT_WORDS];
    memcpy(words, incumbent, sizeof words);
    for (int i = 0; i < INCUMBENT_WORDS; i++)
        atomic_store_explicit(&shared->words[i], words[i], memory_order_release);
}

bool rpi_incumbent_share(struct shared_incumbent *shared, const struct incumbent *incumbent)
{
    struct incumbent before;
    if (incumbent->value > bound_best(shared))
        return true;
    uint64_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);
    if (version % 2 == 1 ||
        !atomic_compare_exchange_strong_explicit(&shared->version, &version, version + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    incumbent_load(shared, &before);
    bool better = incumbent->value < before.value ||
                  (incumbent->value == before.value &&
                   rpi_incumbent_order(incumbent, before.seed, &before.place) < 0);
    if (better)
        incumbent_store(shared, incumbent);
    atomic_store_explicit(&shared->version, better ? version + 2 : version, memory_order_release);
    return true;
}

void rpi_incumbent_look(const struct shared_incumbent *shared, struct incumbent *copy,
                        uint64_t *version)
{
    struct incumbent loaded;
    uint64_t before = atomic_load_explicit(&shared->version, memory_order_acquire);
    if (before == *version || before % 2 == 1)
        return;
    incumbent_load(shared, &loaded);
    if (atomic_load_explicit(&shared->version, memory_order_relaxed) != before)
        return;
    memcpy(copy, &loaded, sizeof *copy);
    *version = before;
}
