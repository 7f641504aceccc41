/* The ledger: what the root knows of a job that goes on in rounds when ranks of several nodes die.
 * What is neither settled nor finished somewhere when a round is over is left for the next one. A
 * unit that was at hand in too many deaths, and in one of them alone, is given up. Pure logic, so
 * that it can be tested without nodes. */
#ifndef RANKPOOL_SCHEDULE_LEDGER_H
#define RANKPOOL_SCHEDULE_LEDGER_H

#include "schedule/gaps.h"

/* Units that are left. */
struct remainder {
    struct span span;
    uint32_t attempt; /* deaths in which they were at hand; with some, they are suspects */
};

/* The suspects that a node has, by batch. An empty span: none. */
struct suspects {
    struct remainder batch[2];
};

struct ledger {
    uint32_t units, limit; /* of the job; deaths for which a unit is given up */
    int nodes;
    struct cover settled;   /* the root has what comes of them, or they were given up */
    struct cover *finished; /* by node: what comes of them is there */
    struct cover *given;    /* by node: in this round, without suspects */
    struct suspects *tried; /* by node */
    struct cover deaths;    /* what was at hand, death by death, */
    struct cover doubts;    /* and what may have been */
    bool *blamed;           /* by rank: it is known what it had in hand */
    struct cover given_up;
    struct remainder *left; /* for the next round; entries are used up from the front */
    uint32_t entries, capacity;
    bool short_of_memory;
};

/* False without memory; rpi_ledger_end() is due all the same. */
bool rpi_ledger_begin(struct ledger *ledger, uint32_t units, int ranks, int nodes, uint32_t limit);
void rpi_ledger_end(struct ledger *ledger);

void rpi_ledger_settle(struct ledger *ledger, struct span span);
void rpi_ledger_finish(struct ledger *ledger, int node, struct span span);

/* A node has these units now; it has done those suspects. */
void rpi_ledger_give(struct ledger *ledger, int node, struct remainder units);
bool rpi_ledger_acquit(struct ledger *ledger, int node, struct span span); /* it had them */

/* It is not to be tried any more. */
void rpi_ledger_give_up(struct ledger *ledger, struct span span);

/* A rank died with this in hand. It may be said more than once. */
void rpi_ledger_blame(struct ledger *ledger, int rank, struct span span);

/* A node has died as a whole: what it had finished is gone. All suspects that it had and all else
 * that it was given may have been at hand, which accuses none. A single suspect was. */
void rpi_ledger_bury(struct ledger *ledger, int node);

/* These units, which nobody was given, are left. False without memory. */
bool rpi_ledger_leave(struct ledger *ledger, struct span span);

/* A round is over. `have`: what is there of a job whose results are partial ones; otherwise NULL.
 * Finds what is left, and gives up what is to be. False without memory. */
bool rpi_ledger_close(struct ledger *ledger, const struct cover *have);

/* The most attempts that units may have had which a node can be given now; -1: it can get none.
 * When it dies as a whole it is to tell of few suspects, so it has one batch of them at a time, and
 * nothing else if the node has a `single` rank. With several, what one of them had in hand is known
 * as long as another lives: there is another batch, for a long unit is not to hold up all. But what
 * was at hand in two deaths is the only batch. */
int64_t rpi_ledger_allows(const struct ledger *ledger, int node, bool single);

/* Is something left that nobody has been given, after at most so many attempts? Then a place in
 * `left`; otherwise -1. */
int64_t rpi_ledger_next(const struct ledger *ledger, int64_t attempts);

/* How many units of what is left a node may have at a time that can well do with `some`. The fewer
 * suspects it has the more its death tells, and the longer it takes to come by all: of n units, the
 * square root of n takes twice as many ways at the most, and leaves as few for the next death. What
 * was at hand in two deaths is alone, unless it is too much, so that the third accuses one. */
uint32_t rpi_ledger_most(const struct remainder *left, uint32_t some);

#endif
