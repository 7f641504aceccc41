/* What the nodes of a worklist tell each other besides loans: how many items are done and waiting,
 * for the root's progress display, and better values of a branch and bound. Each returns an MPI
 * error code. */
#ifndef RANKPOOL_WORKLIST_LEND_REPORT_H
#define RANKPOOL_WORKLIST_LEND_REPORT_H

#include "worklist/lend.h"

/* On the root: has the other nodes report every so often. */
int rpi_lend_request_reports(struct lend *lend);

/* Sends a report to the root, if one was requested and is due. */
int rpi_lend_send_report(struct lend *lend);

/* On the root a report has come, elsewhere a request for reports. */
void rpi_lend_read_progress(struct lend *lend, int from, const struct loan_message *message);

/* Sends this node's best value if it is better than what the others have, or will get: to the root,
 * which sends it on to all. */
int rpi_lend_send_bound(struct lend *lend);

/* A value has come from another node. */
void rpi_lend_read_bound(struct lend *lend, uint64_t best);

#endif
