/* News of how far a node is, which its agent writes to the root as long as somebody there looks. */
#ifndef RANKPOOL_DISTRIB_PROGRESS_MESSAGE_H
#define RANKPOOL_DISTRIB_PROGRESS_MESSAGE_H

#include "distrib/message.h"
#include "pool/pool.h"

struct progress_message {
    double every, next; /* seconds between messages, 0: none are wanted; when the next is due */
    struct unit_range *session_dir; /* for rpi_progress_counters_read() */
};

/* On the root: the message that asks the other nodes for news. False where nobody looks. */
bool rpi_progress_message_wanted(const rp_pool *pool, struct agent_message *message);

/* Reads such a message, from the root, or news from `node`. */
void rpi_progress_message_read(struct progress_message *news, rp_pool *pool, int node,
                               const struct agent_message *message);

/* Is it time to write? Then *message is what to write. */
bool rpi_progress_message_due(struct progress_message *news, struct work_queue *work_queue,
                              double now, struct agent_message *message);

/* How far this node is, if anybody wants to know. */
struct progress_counters rpi_progress_message_counters(struct progress_message *news,
                                                       struct work_queue *work_queue);

void rpi_progress_message_end(struct progress_message *news);

#endif
