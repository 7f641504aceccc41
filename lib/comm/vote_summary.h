/* Summaries of the votes of any number of ranks, and the decision that follows from them. */
#ifndef RANKPOOL_COMM_VOTE_SUMMARY_H
#define RANKPOOL_COMM_VOTE_SUMMARY_H

#include "comm/agreement.h"

/* A vote and its rank, as compared within and between nodes. */
struct statement {
    int rank; /* -1: none */
    struct vote vote;
};

/* Votes of one node or of several. */
struct summary {
    struct statement first;     /* of the lowest rank */
    struct statement different; /* of the lowest rank that does not agree with `first` */
    struct statement failed;    /* of the lowest rank that reports an error */
};

/* The result on all ranks. */
struct decision {
    rp_error error;
    bool out_of_step, cut_off;
    int lost; /* number of dead ranks */
};

/* An empty summary. */
struct summary rpi_summary_begin(void);

/* Adds the statement of a rank of this node. The lowest rank must be added first. */
void rpi_summary_add(struct summary *summary, const struct statement *statement);

/* Adds the host name: if the ranks of this node differ from others, all nodes must report the same
 * host. */
void rpi_summary_sign(struct summary *summary);

/* Is a summary received from another node well-formed? */
bool rpi_summary_valid(const struct summary *summary);

/* Adds other nodes' summary to the known one. The result does not depend on order or repetition: if
 * the first rank of a node differs from another node, it is also the lowest of its ranks that do,
 * so a summary contains everything needed. */
void rpi_summary_join(struct summary *known, const struct summary *other);

/* Computes the decision: the same result on every rank. */
struct decision rpi_summary_judge(const struct summary *all);

/* Over the TCP hub, between nodes whose ranks survive deaths: the root collects the summaries of
 * all nodes, decides, and answers. Returns the decision. Called by the leader of a node with its
 * node's summary. */
struct decision rpi_agree_over_hub(struct agreement *agreement, struct summary summary);

#endif
