/* Messages between the dispatcher and the agents of the nodes. */
#ifndef RANKPOOL_DISTRIB_MESSAGE_H
#define RANKPOOL_DISTRIB_MESSAGE_H

#include "distrib/node_link.h"
#include "observe/progress.h"
#include "sched/units.h"

/* Agents send these to the dispatcher, except where the comment says "to a node", besides those of
 * enum link_message_kind. CLEAR and DIED occur only where ranks survive deaths. */
enum agent_message_kind {
    MESSAGE_REQUEST = LINK_KINDS, /* requests another batch */
    MESSAGE_BATCH,     /* to a node: a batch; the inputs of `arrays` follow as payloads */
    MESSAGE_RESULT,    /* results of these items; those of `arrays` follow as payloads */
    MESSAGE_PROGRESS,  /* progress report of node `first`; to a node: report every `seconds` */
    MESSAGE_DELIVERED, /* all results of these units have been sent */
    MESSAGE_CLEAR,     /* all of the `items` units that the node got in this round are finished */
    MESSAGE_DIED       /* rank `first` died while it held these units */
};

struct agent_message {
    struct link_message link; /* its kind may be one of the above */
    int attempt;     /* deaths of ranks that held these units; more than 0: they are suspects */
    uint32_t arrays; /* bit i: elements of array i follow */
    struct unit_range units;
    int64_t first, items;
    double speed;   /* units per second of this node; 0: unknown */
    double seconds; /* until a requested batch arrives; between two progress reports */
    struct progress_counters progress_counters; /* of this node; also with LINK_FINISHED */
};

_Static_assert(sizeof(struct agent_message) <= LINK_MESSAGE_MOST, "a longer message");

/* The bounds that a message of an agent must respect. */
struct agent_message_terms {
    struct units units;
    uint32_t most;            /* units in a batch */
    uint32_t inputs, outputs; /* bit i: elements of array i may come to this node; to the root */
    bool to_root, to_node;    /* as in struct link_message_terms */
    int from;                 /* sending node */
    int nodes;
    int ranks;
    const int *node_of; /* by rank */
};

/* Validates a received message of an agent's kind: can all of its fields be used without further
 * checks? */
bool rpi_agent_message_valid(const struct agent_message *message,
                             const struct agent_message_terms *terms);

#endif
