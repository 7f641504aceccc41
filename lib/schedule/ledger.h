/* The ledger: what the root knows of a job that goes on in rounds when ranks of several nodes die.
 * What is neither settled nor finished somewhere when a round is over is left for the next one. A
 * unit that was at hand in too many deaths is given up. Pure logic, so that it can be tested
 * without nodes. */
#ifndef RANKPOOL_SCHEDULE_LEDGER_H
#define RANKPOOL_SCHEDULE_LEDGER_H

#include "schedule/gaps.h"

/* Units that are left. */
struct remainder {
    struct span span;
    uint32_t attempt; /* deaths in which they were at hand */
};

struct ledger {
    uint32_t units, limit; /* of the job; a unit that was at hand in so many deaths is given up */
    int nodes;
    struct cover settled;   /* the root has what comes of them, or they were given up */
    struct cover *finished; /* by node: what comes of them is there */
    struct cover *given;    /* by node: in this round */
    struct span *alone; /* by node: a unit that it was given alone, and is not known to have done */
    struct cover deaths; /* what was at hand, death by death, */
    struct cover doubts; /* and what may have been */
    bool *blamed;        /* by rank: it is known what it had in hand */
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
void rpi_ledger_give(struct ledger *ledger, int node, struct span span);

/* It is not to be tried any more. */
void rpi_ledger_give_up(struct ledger *ledger, struct span span);

/* A rank died with this in hand. It may be said more than once. */
void rpi_ledger_blame(struct ledger *ledger, int rank, struct span span);

/* A node has died as a whole: what it had finished is gone. It was the unit that it had alone; or
 * else anything that it was given may have been at hand. That makes suspects, and accuses none. */
void rpi_ledger_bury(struct ledger *ledger, int node);

/* These units, which nobody was given, are left. False without memory. */
bool rpi_ledger_leave(struct ledger *ledger, struct span span);

/* A round is over. `have`: what is there of a job whose results are partial ones; otherwise NULL.
 * Finds what is left, and gives up what is to be. False without memory. */
bool rpi_ledger_close(struct ledger *ledger, const struct cover *have);

/* Is something left that nobody has been given? Then a place in `left`; otherwise -1. `suspects`:
 * also what was at hand when ranks died. */
int64_t rpi_ledger_next(const struct ledger *ledger, bool suspects);

#endif
