/* What ranks say at a meeting, summed up for as many of them as one likes, and judged. */
#ifndef RANKPOOL_WORLD_SUMMARY_H
#define RANKPOOL_WORLD_SUMMARY_H

#include "world/meeting.h"

/* A rank's ballot with its rank, as it is compared within and between nodes. */
struct statement {
    int rank; /* -1: nobody's */
    struct ballot ballot;
};

/* What ranks have to say, of one node or of several. */
struct summary {
    struct statement first;     /* its lowest rank's */
    struct statement different; /* of the lowest rank that does not agree with `first` */
    struct statement failed;    /* of the lowest rank that found something wrong */
};

/* What all hear. */
struct verdict {
    rp_error error;
    bool lost_step, cut_off;
    int lost; /* ranks that have died */
};

/* Nobody has said anything yet. */
struct summary rpi_summary_begin(void);

/* Adds what a rank of this node says; the lowest first. */
void rpi_summary_add(struct summary *summary, const struct statement *statement);

/* If this node's ranks turn out to differ from others, all nodes must name the same host. */
void rpi_summary_sign(struct summary *summary);

/* Adds what other nodes said to what is known. In whatever order that is done, and however often,
 * the same comes out: the first rank of a node is also the lowest of its ranks that differ from
 * another node's, if it differs at all, so a summary has all it takes. */
void rpi_summary_join(struct summary *known, const struct summary *heard);

/* Judges what all said: the same result wherever it is computed. */
struct verdict rpi_summary_judge(const struct summary *all);

#endif
