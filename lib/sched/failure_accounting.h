/* The accounting: what the root knows of a job that goes on in rounds when ranks of several nodes die.
 * What is neither settled nor finished somewhere when a round is over is left for the next one. A
 * unit that was at hand in too many deaths, and in one of them alone, is given up. Pure logic, so
 * that it can be tested without nodes. */
#ifndef RANKPOOL_SCHED_FAILURE_ACCOUNTING_H
#define RANKPOOL_SCHED_FAILURE_ACCOUNTING_H

#include "sched/interval_set.h"

/* Units that are left. */
struct remainder {
    struct unit_range unit_range;
    uint32_t attempt; /* deaths in which they were at hand; with some, they are suspects */
};

/* The suspects that a node has, by batch. An empty span: none. */
struct suspects {
    struct remainder batch[2];
};

struct accounting {
    uint32_t units, limit; /* of the job; deaths for which a unit is given up */
    int nodes;
    struct interval_set settled;   /* the root has what comes of them, or they were given up */
    struct interval_set *finished; /* by node: what comes of them is there */
    struct interval_set *given;    /* by node: in this round, without suspects */
    struct suspects *tried;        /* by node */
    struct interval_set deaths;    /* what was at hand, death by death, */
    struct interval_set doubts;    /* and what may have been */
    bool *blamed;                  /* by rank: it is known what it had in hand */
    struct interval_set given_up;
    struct remainder *left; /* for the next round; entries are used up from the front */
    uint32_t entries, capacity;
    bool short_of_memory;
};

/* False without memory; rpi_accounting_end() is due all the same. */
bool rpi_accounting_begin(struct accounting *accounting, uint32_t units, int ranks, int nodes,
                          uint32_t limit);
void rpi_accounting_end(struct accounting *accounting);

void rpi_accounting_record(struct accounting *accounting, struct unit_range unit_range);
void rpi_accounting_finish(struct accounting *accounting, int node, struct unit_range unit_range);

/* A node has these units now; it has done those suspects. */
void rpi_accounting_give(struct accounting *accounting, int node, struct remainder units);
bool rpi_accounting_clear(struct accounting *accounting, int node,
                          struct unit_range unit_range); /* it had them */

/* It is not to be tried any more. */
void rpi_accounting_give_up(struct accounting *accounting, struct unit_range unit_range);

/* A rank died with this in hand. It may be said more than once. */
void rpi_accounting_attribute(struct accounting *accounting, int rank,
                              struct unit_range unit_range);

/* A node has died as a whole: what it had finished is gone. All suspects that it had and all else
 * that it was given may have been at hand, which accuses none. A single suspect was. */
void rpi_accounting_reap(struct accounting *accounting, int node);

/* These units, which nobody was given, are left. False without memory. */
bool rpi_accounting_leave(struct accounting *accounting, struct unit_range unit_range);

/* A round is over. `have`: what is there of a job whose results are partial ones; otherwise NULL.
 * Finds what is left, and gives up what is to be. False without memory. */
bool rpi_accounting_close(struct accounting *accounting, const struct interval_set *have);

/* The most attempts that units may have had which a node can be given now; -1: it can get none.
 * When it dies as a whole it is to tell of few suspects, so it has one batch of them at a time, and
 * nothing else if the node has a `single` rank. With several, what one of them had in hand is known
 * as long as another lives: there is another batch, for a long unit is not to hold up all. But what
 * was at hand in two deaths is the only batch. */
int64_t rpi_accounting_allows(const struct accounting *accounting, int node, bool single);

/* Is something left that nobody has been given, after at most so many attempts? Then a place in
 * `left`; otherwise -1. */
int64_t rpi_accounting_next(const struct accounting *accounting, int64_t attempts);

/* How many units of what is left a node may have at a time that can well do with `some`. The fewer
 * suspects it has the more its death tells, and the longer it takes to come by all: of n units, the
 * square root of n takes twice as many ways at the most, and leaves as few for the next death. What
 * was at hand in two deaths is alone, unless it is too much, so that the third accuses one. */
uint32_t rpi_accounting_most(const struct remainder *left, uint32_t some);

#endif
