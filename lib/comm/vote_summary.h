/* Summaries of the votes of any number of ranks, and the decision that follows from them. */
#ifndef RANKPOOL_COMM_VOTE_SUMMARY_H
#define RANKPOOL_COMM_VOTE_SUMMARY_H

#include "comm/agreement.h"

/* A vote and its rank, as compared within and between nodes. An error and data are kept apart from
 * it: few votes have them. */
struct statement {
    int rank; /* -1: none */
    enum call call;
    int data_bytes, data_rank; /* see struct vote */
    int64_t terms[VOTE_TERMS]; /* valid: as many as the call has */
    char host[sizeof((rp_error *)0)->host];
};

/* Votes of one node or of several. */
struct summary {
    struct statement first;     /* of the lowest rank */
    struct statement different; /* of the lowest rank that does not agree with `first` */
    int failed;                 /* the lowest rank that reports the worst error, or -1 */
    bool complete;              /* every rank has data, and as much as `first` */
    rp_error error;             /* of rank `failed`; otherwise a valid, but old one */
};

/* The result on all ranks. It is used in place: it is in node memory. */
struct decision {
    bool out_of_step, cut_off;
    bool complete;  /* if there is no error: the data of the votes have reached all nodes */
    int lost;       /* number of dead ranks */
    rp_error error; /* if its status is RP_OK, the rest is undefined, but valid */
};

/* Sets a decision to one that ends the pool; the caller sets the error. */
static inline void decision_end(struct decision *decision)
{
    decision->out_of_step = true;
    decision->cut_off = decision->complete = false;
    decision->lost = 0;
}

/* A message between leaders over MPI: what the sender knows of some nodes. Their data follow, if
 * all of them have some. */
struct leader_message {
    struct summary summary;
    char data[VOTES_DATA_BYTES];
};

/* The private memory of a leader. Initially zero. */
struct summaries {
    struct summary known; /* the votes of its node, then of all nodes */
    struct leader_message leaving, arriving;
};

/* Makes a summary empty. Its memory must be zero, or a summary. */
void rpi_summary_begin(struct summary *summary);

/* Adds the statement of a rank of this node, and its error, if any. The lowest rank must be added
 * first. */
void rpi_summary_add(struct summary *summary, const struct statement *statement,
                     const rp_error *error);

/* Is a summary received from another node well-formed? */
bool rpi_summary_valid(const struct summary *summary);

/* Adds other nodes' summary to the known one. The result does not depend on order or repetition: if
 * the first rank of a node differs from another node, it is also the lowest of its ranks that do,
 * so a summary contains everything needed. */
void rpi_summary_join(struct summary *known, const struct summary *other);

/* Do the ranks have data, and nothing to report? Otherwise their data do not travel. */
bool rpi_summary_has_data(const struct summary *summary);

/* Do two summaries that have data have equally many bytes, of the same ranks? */
bool rpi_summary_data_alike(const struct summary *one, const struct summary *other);

/* Computes the decision: the same result on every rank. */
void rpi_summary_judge(const struct summary *all, struct decision *decision);

#endif
