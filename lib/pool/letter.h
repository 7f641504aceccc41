/* What the dispatcher and the agents of the nodes write each other. */
#ifndef RANKPOOL_POOL_LETTER_H
#define RANKPOOL_POOL_LETTER_H

#include "observe/tally.h"

enum letter_kind {
    LETTER_REQUEST,   /* to the dispatcher: this node could do with another batch */
    LETTER_BATCH,     /* to a node: these units are yours. Inputs follow, as `arrays` says. */
    LETTER_CLOSED,    /* to a node: there are no more batches; or, if `stop`, all is to stop */
    LETTER_RESULT,    /* to the dispatcher: results of these items follow, as `arrays` says */
    LETTER_ALIVE,     /* to the dispatcher, which answers with the same: a sign of life */
    LETTER_PROGRESS,  /* to a node: say every so many seconds how far you are; and what it says */
    LETTER_HELLO,     /* to the dispatcher, where ranks survive: this rank writes for its node */
    LETTER_DELIVERED, /* to the dispatcher, there: all results of these units have been sent */
    LETTER_OUTLIVED,  /* to the dispatcher, there: these units, no first attempt, are done */
    LETTER_DIED,      /* to the dispatcher, there: rank `first` died with these units in hand */
    LETTER_STOP,      /* to the dispatcher: a rank of this node gave up */
    LETTER_FINISHED,  /* to the dispatcher: the last letter of this node about this job */
    /* To a node: the last letter to it, in answer to that. After it none is on its way any more,
     * which an MPI could take for one of the next communicator. */
    LETTER_OVER
};

struct letter {
    enum letter_kind kind;
    int attempt; /* how often these units were handed out before */
    int64_t job; /* a letter about another job than the one at hand is late, and dropped */
    struct span units;
    int64_t first, items;
    uint32_t arrays; /* bit i: elements of array i follow */
    bool stop;
    int lost;       /* with `stop`: the node that is lost, or -1 */
    double speed;   /* of this node, units per second; 0: not known yet */
    double seconds; /* until a batch that is asked for arrives; between two words about progress */
    struct tally tally; /* of this node */
};

#endif
