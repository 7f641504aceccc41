/* Failure accounting: what the root knows about a job that goes on in rounds when ranks of several
 * nodes die. Units that are neither settled nor finished on a live node when a round ends are left
 * for the next one. A unit that was involved in too many deaths, in one of them as the only unit,
 * is given up. Pure logic, testable without nodes. */
#ifndef RANKPOOL_SCHED_FAILURE_ACCOUNTING_H
#define RANKPOOL_SCHED_FAILURE_ACCOUNTING_H

#include "sched/interval_set.h"

/* Units left for the next round. */
struct remainder {
    struct unit_range unit_range;
    uint32_t attempt; /* deaths that they were involved in; if not 0, they are suspects */
};

/* The suspects that a node has, by batch; an empty range means none. */
struct suspects {
    struct remainder batch[2];
};

struct accounting {
    uint32_t units; /* of the job */
    uint32_t limit; /* a unit is given up after this many deaths */
    int nodes;
    struct interval_set settled;   /* the root has their results, or they were given up */
    struct interval_set *finished; /* by node: it has their results */
    struct interval_set *given;    /* by node: units that it got in this round, without suspects */
    struct suspects *tried;        /* by node: suspects that it has */
    struct interval_set deaths;    /* death by death, units that the rank was computing, */
    struct interval_set doubts;    /* or may have been computing */
    bool *blamed;                  /* by rank: its death is in `deaths` */
    struct interval_set given_up;
    struct remainder *left; /* for the next round; ranges are used up from the front */
    uint32_t entries, capacity;
    bool short_of_memory;
};

/* Returns false without memory; call rpi_accounting_end() in any case. */
bool rpi_accounting_begin(struct accounting *accounting, uint32_t units, int ranks, int nodes,
                          uint32_t limit);
void rpi_accounting_end(struct accounting *accounting);

/* Record that the root has the results of units, or that a node has. */
void rpi_accounting_record(struct accounting *accounting, struct unit_range unit_range);
void rpi_accounting_finish(struct accounting *accounting, int node, struct unit_range unit_range);

/* Record that a node has got units, or has finished a batch of suspects. rpi_accounting_clear()
 * returns false if the node did not have that batch. */
void rpi_accounting_give(struct accounting *accounting, int node, struct remainder units);
bool rpi_accounting_clear(struct accounting *accounting, int node, struct unit_range unit_range);

/* Gives units up: they will not be tried again. */
void rpi_accounting_give_up(struct accounting *accounting, struct unit_range unit_range);

/* Records that a rank died computing these units. May be repeated for the same rank. */
void rpi_accounting_attribute(struct accounting *accounting, int rank,
                              struct unit_range unit_range);

/* Records that a node has died as a whole, and its finished units with it. Any of the units that it
 * had may be the cause, which accuses none of them; but a single suspect is accused. */
void rpi_accounting_lose_node(struct accounting *accounting, int node);

/* Adds units that no node got to those left. Returns false without memory. */
bool rpi_accounting_leave(struct accounting *accounting, struct unit_range unit_range);

/* Ends a round: finds the units that are left, and gives up those with too many deaths. `have`: the
 * units that partial results cover, if the job has any; otherwise NULL. False without memory. */
bool rpi_accounting_close(struct accounting *accounting, const struct interval_set *have);

/* Returns the limit on `attempt` of the units that a node can get now; -1: it can get none.
 *
 * If a node dies as a whole, few suspects should be in question, so it has one batch of suspects at
 * a time, and no other units if it has a `single` rank. With several ranks, a survivor knows what
 * the dead one was computing, so the node may have a second batch, which keeps a long unit from
 * delaying all others. But units with two deaths are its only suspects. */
int64_t rpi_accounting_allows(const struct accounting *accounting, int node, bool single);

/* Returns the first place in `left` with units whose `attempt` is at most `attempts`, or -1. */
int64_t rpi_accounting_next(const struct accounting *accounting, int64_t attempts);

/* Returns how many of the units left a node may have at a time, if it can use `some`.
 *
 * The fewer suspects a node has, the more its death narrows down, but the longer it takes to try
 * all: of n units, batches of the square root of what is left take at most twice the square root of
 * n batches, and leave no more than the square root for the next death. Units with two deaths are
 * tried one by one, unless they are too many, so that the third death accuses one unit. */
uint32_t rpi_accounting_most(const struct remainder *left, uint32_t some);

#endif
