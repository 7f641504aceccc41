/* Failure accounting: what the root knows about the units of a job between nodes: which are left to
 * be distributed, who has which, and in which deaths they were in progress. A job goes on in rounds
 * when ranks of several nodes die; units that are neither settled nor finished on a live node when
 * a round ends are left for the next one. A unit that was involved in too many deaths, in one of
 * them as the only unit, is given up. Without deaths there is one round, and
 * nothing else differs. Pure logic, testable without nodes. */
#ifndef RANKPOOL_SCHED_FAILURE_ACCOUNTING_H
#define RANKPOOL_SCHED_FAILURE_ACCOUNTING_H

#include "sched/interval_set.h"

/* Units left to be distributed. */
struct remainder {
    struct unit_range unit_range;
    uint32_t attempt; /* deaths that they were involved in; if not 0, they are suspects */
    int node;         /* they are reserved for this node; -1: for any */
};

/* What a node has. */
struct node_account {
    struct interval_set finished; /* the results of these units */
    struct interval_set given;    /* units that it got since it last had finished all */
    uint32_t units;               /* number of units that it got in this round */
    bool tries;                   /* `given` are suspects */
};

struct accounting {
    uint32_t units; /* of the job */
    uint32_t limit; /* a unit is given up after this many deaths */
    int nodes;
    struct interval_set settled; /* the root has their results, or they were given up */
    struct node_account *node;   /* by node; owned */
    struct interval_set deaths;  /* death by death, units that were or may have been in progress */
    struct interval_set accused; /* single units that certainly were */
    bool *blamed;                /* by rank: its death is in `deaths`; owned */
    struct interval_set given_up;
    struct remainder *left; /* in this round; ranges are used up from the front; owned */
    uint32_t entries, capacity;
    bool short_of_memory;
};

/* Returns how many of the deaths in which a unit or item was in progress count. One that is not
 * accused stays below the limit: another may have caused the deaths. */
static inline uint32_t deaths_counted(uint32_t deaths, bool accused, uint32_t limit)
{
    return deaths >= limit && !accused ? limit - 1 : deaths;
}

/* Returns false without memory; call rpi_accounting_end() in any case. */
bool rpi_accounting_begin(struct accounting *accounting, uint32_t units, int ranks, int nodes,
                          uint32_t limit);
void rpi_accounting_end(struct accounting *accounting);

/* Record that the root has the results of units, or that a node has. */
void rpi_accounting_record(struct accounting *accounting, struct unit_range unit_range);
void rpi_accounting_finish(struct accounting *accounting, int node, struct unit_range unit_range);

/* Record that a node has got units; and that it has finished all `units` that it got in this round.
 * If it has got more since, the latter does nothing. */
void rpi_accounting_give(struct accounting *accounting, int node, struct unit_range unit_range,
                         uint32_t attempt);
void rpi_accounting_clear(struct accounting *accounting, int node, uint32_t units);

/* Gives units up: they will not be tried again. */
void rpi_accounting_give_up(struct accounting *accounting, struct unit_range unit_range);

/* Records that a rank died computing these units. May be repeated for the same rank. */
void rpi_accounting_attribute(struct accounting *accounting, int rank,
                              struct unit_range unit_range);

/* Records that a node has died as a whole, and its finished units with it. Any of the units that it
 * had may be the cause, which accuses none of them; but a single one is accused. */
void rpi_accounting_lose_node(struct accounting *accounting, int node);

/* Adds units that no node got to those left, reserved for a node or not (-1). Returns false without
 * memory. */
bool rpi_accounting_leave(struct accounting *accounting, struct unit_range unit_range, int node);

/* Ends a round: finds the units that are left, and gives up those with too many deaths. `have`: the
 * units that partial results cover, if the job has any; otherwise NULL. False without memory. */
bool rpi_accounting_close(struct accounting *accounting, const struct interval_set *have);

/* Returns the limit on `attempt` of the units that a node can get now; -1: it can get none. A node
 * that may die as a whole gets suspects when it has finished all else, and nothing beside them, so
 * that its death accuses no other units. */
int64_t rpi_accounting_allows(const struct accounting *accounting, int node);

/* Returns the first place in `left` with units for a node whose `attempt` is at most `attempts`, or
 * -1. */
int64_t rpi_accounting_next(const struct accounting *accounting, int node, int64_t attempts);

/* Returns how many of the units left such a node may have at a time.
 *
 * The fewer suspects a node has, the more its death narrows down, but the longer it takes to try
 * all: of n units, batches of the square root of what is left take at most twice the square root of
 * n batches, and leave no more than the square root for the next death. Units with two deaths are
 * tried one by one, unless they are too many, so that the third death accuses one unit. */
uint32_t rpi_accounting_most(const struct remainder *left);

/* Finds the lowest range behind *unit_range that was given up. Returns false after the last. */
bool rpi_accounting_next_given_up(const struct accounting *accounting,
                                  struct unit_range *unit_range);

#endif
