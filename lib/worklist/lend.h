/* The link of a node in a worklist on several nodes: lends items of its node to others and borrows
 * theirs, over a node link; sched/loans.h decides whom it asks, and when there are no items left.
 *
 * It takes part in its node's deques by one of its own (sched/deque_group.h): it steals there what
 * it lends, and shares there what it has borrowed, so the ranks that compute never wait for it.
 *
 * Messages go from node to node. The root's are also those of every node link: LINK_CLOSED ends
 * requests; a node that has had all answers and all its loans back sends LINK_FINISHED, and goes on
 * answering until LINK_OVER, which the root sends when all have finished.
 *
 * In a branch and bound a node sends its best value to the root when it has become better, and the
 * root sends its own to all: places and witnesses stay where they were found until the end. */
#ifndef RANKPOOL_WORKLIST_LEND_H
#define RANKPOOL_WORKLIST_LEND_H

#include "distrib/node_link.h"
#include "sched/deque_group.h"
#include "sched/loans.h"

/* To any node, besides those of enum link_message_kind. */
enum loan_message_kind {
    LOAN_ASK = LINK_KINDS, /* asks for items */
    LOAN_NONE,             /* the answer: none */
    LOAN_ITEMS,            /* the answer: items, whose entries follow as a payload */
    LOAN_BACK,             /* all that came of a loan is done, or another loan covers it */
    LOAN_BOUND,            /* to the root, and from it to all: a better value */
    LOAN_PROGRESS          /* to the root: a report; from the root: report every `seconds` */
};

struct loan_message {
    struct link_message link; /* its kind may be one of the above */
    uint32_t request;         /* enum loan_request */
    uint32_t items;
    int64_t done, waiting; /* items of the sender's node */
    double seconds;
    uint64_t best; /* see rpi_incumbent_value() */
};

_Static_assert(sizeof(struct loan_message) <= LINK_MESSAGE_MOST, "a longer message");

/* The entries of a loan while they are sent, or received and given to the ranks. */
struct loan_bundle {
    struct loan_bundle *next;
    int node;    /* the other one */
    int pending; /* transfers in progress */
    uint32_t items;
    alignas(DEQUE_ALIGNED) unsigned char entries[];
};

struct lend {
    struct node_link link;
    rp_pool *pool;
    const rp_worklist_job *job;
    struct deque_group *group;
    struct deque_owner owner; /* of the link's deque */
    struct loans loans;
    struct loan_bundle *arriving, *leaving; /* owned */
    uint32_t most;                          /* items of a loan */
    struct shared_incumbent *bound;         /* the node's, in a branch and bound; or NULL */
    uint64_t best;                          /* value that the other nodes have, or will get */
    bool closed;                            /* LINK_CLOSED has come: asks and lends no more */
    bool moved;                             /* something was sent or received in this step */
    int64_t borrowed;                       /* loans */
    void *result;                           /* room for another node's; owned */
    double report_every, next_report;       /* seconds between reports, 0: none; time of the next */
    int64_t *reported;                      /* on the root, by node: items done, waiting; owned */
    _Atomic int64_t done, waiting;          /* on the root: on all other nodes, as last reported */
};

/* Makes the link of this rank, if it leads its node and there are several; otherwise *lend is NULL.
 * The group is made already. */
rp_status rpi_lend_make(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group,
                        struct lend **lend, rp_error *error);

/* Begins to exchange messages, once all ranks have agreed to begin. */
void rpi_lend_begin(struct lend *lend);

/* Waits until the link is over, and puts its error into the vote: see rpi_node_link_end(). */
void rpi_lend_end(struct lend *lend, struct vote *vote);

void rpi_lend_drop(struct lend *lend);

/* Sends a message of this kind to a node. Returns an MPI error code. */
static inline int lend_send(struct lend *lend, int node, enum loan_message_kind kind,
                            struct loan_message message)
{
    message.link.kind = (int)kind;
    lend->moved = true;
    return rpi_node_link_send(&lend->link, node, &message.link);
}

#endif
