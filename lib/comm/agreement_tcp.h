/* Agreement over the TCP hub, between nodes whose ranks survive deaths: the root collects the
 * summaries of all nodes, decides, and answers. */
#ifndef RANKPOOL_COMM_AGREEMENT_TCP_H
#define RANKPOOL_COMM_AGREEMENT_TCP_H

#include "comm/vote_summary.h"

/* Returns the decision. Called by the leader of a node with its node's summary. */
struct decision rpi_agree_over_hub(struct agreement *agreement, struct summary summary);

#endif
