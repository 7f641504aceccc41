/* Loans between the nodes of a worklist: whom a node asks for items, whom it owes an answer, and
 * when all items are done. One struct for each node, which only the thread of its link accesses.
 * Knows neither messages nor items.
 *
 * Requests. A node that runs out of items asks other nodes at random, one at a time. After a few
 * refusals it asks its lifelines, the nodes whose number differs in one bit, and sleeps: they keep
 * the request until they have a surplus. Every request gets one answer: a loan, or none; a lifeline
 * answers "none" only at the end.
 *
 * Backoff. A loan costs both nodes some tenths of a millisecond. A node that has done a loan's
 * items within a millisecond asks again only after a pause, about twice as long after each such
 * loan, in which others share more. After a loan that lasts longer the pause is shorter.
 *
 * The end (Dijkstra and Scholten 1980). A node that gets a loan while it has none is engaged: it
 * answers for the items of this and of later loans, which it gives back at once, and gives the
 * first back when it has no items and all that it has lent is back. The root's node is engaged from
 * the start; when it could give its items back, there are none anywhere.
 *
 * tests/model/loans.pml is a model of this file and of worklist/lend.c. */
#ifndef RANKPOOL_SCHED_LOANS_H
#define RANKPOOL_SCHED_LOANS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOAN_TRIES = 2 /* requests at random, one after the other, before the lifelines */
};

/* What a node has asked another for. */
enum loan_request {
    LOAN_REQUEST_NONE,
    LOAN_REQUEST_NOW,   /* the answer comes at once */
    LOAN_REQUEST_LATER, /* when the other has a surplus, or at the end */
};

/* Another node, as this one sees it. */
struct loan_peer {
    enum loan_request asked;  /* of it, not answered yet */
    enum loan_request wanted; /* by it, not answered yet */
    int64_t lent;             /* to it, not back yet */
};

struct loans {
    int node, nodes;
    struct loan_peer *peers; /* by node; owned */
    uint64_t random;         /* state of the generator that chooses victims */
    int tries;               /* requests at random since this node last had items */
    double fed;              /* time of the last loan; 0: how long it lasted is known */
    double backoff, ask_at;  /* seconds of the last pause; the end of it */
    int asking;              /* requests not answered yet: those at random, and all */
    int open;
    int64_t lent; /* loans that are not back */
    bool engaged;
    int lender; /* to whom the first loan goes back; -1: the root's node keeps its items */
    int served; /* the node whose request was answered last */
};

/* False: no memory. `begins`: the root's node. */
bool rpi_loans_make(struct loans *loans, int node, int nodes, bool begins);
void rpi_loans_free(struct loans *loans);

/* For a node that needs items: the node to ask now, and what for; -1: it has asked enough, or
 * pauses. `now`, here and below: any clock's seconds, more than 0. */
int rpi_loans_ask(struct loans *loans, double now, enum loan_request *request);

/* The node has items again. */
void rpi_loans_fed(struct loans *loans, double now);

/* Another node answers, or asks. False: it was not asked; it has asked already. */
bool rpi_loans_answered(struct loans *loans, int node);
bool rpi_loans_wanted(struct loans *loans, int node, enum loan_request request);

/* The next node to which this one owes an answer, in turn, but first those that wait for it; -1:
 * none. */
int rpi_loans_next_wanted(const struct loans *loans);

/* This node answers that one: with a loan, or with nothing. */
void rpi_loans_answer(struct loans *loans, int node, bool loan);

/* A loan has come from that node. True: it goes back at once. */
bool rpi_loans_borrow(struct loans *loans, int node);

/* A loan to that node is back. False: nothing was lent to it. */
bool rpi_loans_returned(struct loans *loans, int node);

/* What a node without items has to do about it. Call it before rpi_loans_ask(), as soon as there
 * are none. */
enum loan_end {
    LOAN_END_NOT_YET,
    LOAN_END_RETURN, /* give its first loan back to *lender */
    LOAN_END_OF_ALL  /* on the root's node: there are no items on any node */
};
enum loan_end rpi_loans_end(struct loans *loans, double now, int *lender);

/* The job was stopped: the node gives its first loan back. True if there is one, to *lender. */
bool rpi_loans_drop(struct loans *loans, int *lender);

/* Have all requests of this node been answered, and all its loans come back? */
static inline bool loans_settled(const struct loans *loans)
{
    return loans->open == 0 && loans->lent == 0;
}

#endif
