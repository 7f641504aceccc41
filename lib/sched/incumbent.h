/* The incumbent of a branch and bound: the best value that is known, and the item that found it.
 *
 * Among items with the same value, the first wins in the order in which a single rank computes
 * them: an item before its descendants, and of siblings, and of seeds, the one added last first.
 * That order does not depend on how many siblings were left out, as numbers or paths of items do;
 * so programs may leave out children. It allows leaving out items whose bound equals the best
 * value, if they come later (Archibald, Maier, Stewart and Trinder: Replicable parallel branch and
 * bound search, J. Parallel Distrib. Comput. 113, 2018).
 *
 * Deaths. Each rank has its own incumbent, in its result, so it becomes valid by the commit of the
 * item that found it (sched/split_deque.h), or the item is computed again. `best` may be lowered
 * before that commit: a rank that leaves out items that are worse leaves out none that a repeated
 * item needs to find the value again. The place is shared after the commit only: if the item's
 * parent is begun again as well, and now leaves out siblings, the item gets another number, and
 * would come after its own earlier place.
 *
 * Shared words, in node memory:
 * best      value of the best incumbent of any rank, committed or not; lowered by compare-and-swap.
 *           relaxed: the value is all there is to it.
 * version   of `words`; odd while a rank writes them, which takes it by compare-and-swap (acquire)
 *           and gives it back by a store (release). If that rank dies, it stays odd: then no rank
 *           learns of further places, and fewer items are left out.
 * words     a committed incumbent without its witness; stored with release, loaded with acquire
 *           between two loads of `version`: who loads a new word then loads a new version. */
#ifndef RANKPOOL_SCHED_INCUMBENT_H
#define RANKPOOL_SCHED_INCUMBENT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLACE_LEVELS = 63,
    PLACE_CHILDREN = 1 << 16 /* of an item, at most */
};

/* Where an item is below its seed: the numbers of its ancestors and its own among their siblings,
 * from the top. Deeper items have the place of their ancestor on the last level. */
struct tree_place {
    uint16_t depth;
    uint16_t numbers[PLACE_LEVELS];
};

/* An incumbent. That of a rank has its witness behind. */
struct incumbent {
    uint64_t value; /* see rpi_incumbent_value() */
    int64_t seed;
    struct tree_place place;
};

static inline const void *incumbent_witness(const struct incumbent *incumbent)
{
    return incumbent + 1;
}

#define NO_INCUMBENT UINT64_MAX /* greater than any value */

enum {
    INCUMBENT_WORDS = sizeof(struct incumbent) / sizeof(uint64_t)
};

struct shared_incumbent {
    alignas(128) _Atomic uint64_t best;
    alignas(128) _Atomic uint64_t version;
    _Atomic uint64_t words[INCUMBENT_WORDS];
};

/* A value, which is not NaN, as an integer: the less, the better. And back. */
uint64_t rpi_incumbent_value(double value, bool maximise);
double rpi_incumbent_double(uint64_t value, bool maximise);

/* Begins a place: that of a seed; that of a child. */
void rpi_place_seed(struct tree_place *place);
void rpi_place_child(const struct tree_place *parent, uint64_t number, struct tree_place *place);

/* Negative: an incumbent comes before an item; then it also comes before all descendants of the
 * item. 0: it has the same place. */
int rpi_incumbent_order(const struct incumbent *incumbent, int64_t seed,
                        const struct tree_place *place);

/* left = the better of both: by value, by order, then by the witnesses' bytes. */
void rpi_incumbent_join(struct incumbent *left, const struct incumbent *right, size_t witness_size);

void rpi_incumbent_make(struct shared_incumbent *shared);

/* Lowers the best value: one that a rank of this node has found, or of another node. */
void rpi_bound_merge(struct shared_incumbent *shared, uint64_t value);

static inline uint64_t bound_best(const struct shared_incumbent *shared)
{
    return atomic_load_explicit(&shared->best, memory_order_relaxed);
}

/* Shares a committed incumbent, if it is the best. False: another rank was writing. */
bool rpi_incumbent_share(struct shared_incumbent *shared, const struct incumbent *incumbent);

/* Brings a copy up to date, unless a rank is writing. *version: of the copy, at first 0, with a
 * copy whose value is NO_INCUMBENT. */
void rpi_incumbent_look(const struct shared_incumbent *shared, struct incumbent *copy,
                        uint64_t *version);

#endif
