/* What the dispatcher and the agents of the nodes write each other. */
#ifndef RANKPOOL_DISTRIB_MESSAGE_H
#define RANKPOOL_DISTRIB_MESSAGE_H

#include "observe/progress.h"
#include "sched/units.h"

enum agent_message_kind {
    MESSAGE_REQUEST,   /* to the dispatcher: this node could do with another batch */
    MESSAGE_BATCH,     /* to a node: these units are yours. Inputs follow, as `arrays` says. */
    MESSAGE_CLOSED,    /* to a node: there are no more batches; or, if `stop`, all is to stop */
    MESSAGE_RESULT,    /* to the dispatcher: results of these items follow, as `arrays` says */
    MESSAGE_ALIVE,     /* to the dispatcher, which answers with the same: a sign of life */
    MESSAGE_PROGRESS,  /* to a node: say every so many seconds how far you are; and what it says */
    MESSAGE_HELLO,     /* to the dispatcher, where ranks survive: this rank writes for its node */
    MESSAGE_DELIVERED, /* to the dispatcher, there: all results of these units have been sent */
    MESSAGE_OUTLIVED,  /* to the dispatcher, there: these units, no first attempt, are done */
    MESSAGE_DIED,      /* to the dispatcher, there: rank `first` died with these units in hand */
    MESSAGE_STOP,      /* to the dispatcher: a rank of this node gave up */
    MESSAGE_FINISHED,  /* to the dispatcher: the last message of this node about this job */
    /* To a node: the last message to it, in answer to that. After it none is on its way any more,
     * which an MPI could take for one of the next communicator. */
    MESSAGE_OVER
};

struct agent_message {
    enum agent_message_kind kind;
    int attempt; /* how often these units were handed out before */
    int64_t job; /* a message about another job than the one at hand is late, and dropped */
    struct unit_range units;
    int64_t first, items;
    uint32_t arrays; /* bit i: elements of array i follow */
    bool stop;
    int lost;       /* with `stop`: the node that is lost, or -1 */
    double speed;   /* of this node, units per second; 0: not known yet */
    double seconds; /* until a batch that is asked for arrives; between two words about progress */
    struct progress_counters progress_counters; /* of this node */
};

/* What a message about the job at hand is checked against. */
struct agent_message_terms {
    struct units units;
    uint32_t most;            /* units in a batch */
    uint32_t inputs, outputs; /* bit i: elements of array i may come to this node; to the root */
    bool dispatches;          /* this is the root */
    bool from_root;           /* the message comes from there */
    bool survives;
    int from; /* the node that it comes from */
    int nodes, ranks;
    const int *node_of; /* by rank */
};

/* Does it make sense, in all that is done with it? */
bool rpi_agent_message_valid(const struct agent_message *message,
                             const struct agent_message_terms *terms);

#endif
