/* Messages between the dispatcher and the agents of the nodes. */
#ifndef RANKPOOL_DISTRIB_MESSAGE_H
#define RANKPOOL_DISTRIB_MESSAGE_H

#include "observe/progress.h"
#include "sched/units.h"

/* Agents send these to the dispatcher, except where the comment says "to a node". HELLO, DELIVERED,
 * CLEARED and DIED occur only where ranks survive deaths. */
enum agent_message_kind {
    MESSAGE_REQUEST,   /* requests another batch */
    MESSAGE_BATCH,     /* to a node: a batch; the inputs of `arrays` follow as payloads */
    MESSAGE_CLOSED,    /* to a node: no more batches; with `stop`, the job stops */
    MESSAGE_RESULT,    /* results of these items; those of `arrays` follow as payloads */
    MESSAGE_ALIVE,     /* heartbeat; the dispatcher replies with the same */
    MESSAGE_PROGRESS,  /* progress report; to a node: report every `seconds` */
    MESSAGE_HELLO,     /* this rank leads its node */
    MESSAGE_DELIVERED, /* all results of these units have been sent */
    MESSAGE_CLEARED,   /* these units, which were suspects, are finished */
    MESSAGE_DIED,      /* rank `first` died while it held these units */
    MESSAGE_STOP,      /* a rank of this node gave up */
    MESSAGE_FINISHED,  /* last message of this node about the job */
    /* To a node: reply to FINISHED, and the last message to that node. With none left in transit,
     * MPI cannot deliver one on the next communicator. */
    MESSAGE_OVER
};

struct agent_message {
    enum agent_message_kind kind;
    int attempt; /* deaths of ranks that held these units; more than 0: they are suspects */
    int64_t job; /* messages of another job than the current one are late and dropped */
    struct unit_range units;
    int64_t first, items;
    uint32_t arrays; /* bit i: elements of array i follow */
    bool stop;
    int lost;       /* with `stop`: the lost node, or -1 */
    double speed;   /* units per second of this node; 0: unknown */
    double seconds; /* until a requested batch arrives; between two progress reports */
    struct progress_counters progress_counters; /* of this node */
};

/* The bounds that a message of the current job must respect. */
struct agent_message_terms {
    struct units units;
    uint32_t most;            /* units in a batch */
    uint32_t inputs, outputs; /* bit i: elements of array i may come to this node; to the root */
    bool dispatches;          /* the receiver is the root */
    bool from_root;           /* the sender is the root */
    bool survives;            /* ranks survive deaths */
    int from;                 /* sending node */
    int nodes, ranks;
    const int *node_of; /* by rank */
};

/* Validates a received message: can all of its fields be used without further checks? */
bool rpi_agent_message_valid(const struct agent_message *message,
                             const struct agent_message_terms *terms);

#endif
