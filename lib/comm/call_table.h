/* The collective calls: their names, and the terms that ranks must agree on. */
#ifndef RANKPOOL_COMM_CALL_TABLE_H
#define RANKPOOL_COMM_CALL_TABLE_H

#include <stdbool.h>

enum call {
    CALL_OPEN,
    CALL_CLOSE,
    CALL_BARRIER,
    CALL_AGREE,
    CALL_ALLOC,
    CALL_ALLOC_DONE,
    CALL_FREE,
    CALL_NODE_SYNC,
    CALL_LOOP_OPEN,
    CALL_LOOP_ROUND,
    CALL_LOOP_CLOSE,
    CALL_MAP,
    CALL_REDUCE,
    CALL_REDUCED,
    CALL_STREAM,
    CALL_REACHED,
    CALL_PREPARED,
    CALL_PUBLISHED,
    CALL_ACCOUNTED,
    CALL_RESUMED,
    CALL_REPLICATE,
    CALL_BROADCAST,
    CALL_SCATTER,
    CALL_SCATTERV,
    CALL_GATHER,
    CALL_GATHERV,
    CALL_ALLGATHER,
    CALL_STAGED,
    CALL_REDUCE_RANKS,
    CALL_ALLREDUCE_RANKS,
    CALL_EXSCAN_RANKS,
    CALL_MOVED,
    CALL_GRID_OPEN,
    CALL_GRID_OPENED,
    CALL_GRID_CLOSE,
    CALL_GRID_ALLOC,
    CALL_GRID_SCATTER,
    CALL_GRID_GATHER,
    CALL_GRID_MOVED,
    CALL_FILE_CREATE,
    CALL_FILE_CREATED,
    CALL_FILE_APPEND,
    CALL_FILE_CLOSE,
    CALL_FILE_MOVED,
    CALL_COLLECT,
    CALL_RESULTS_GATHER,
    CALL_RESULTS_WRITE,
    CALL_RESULTS_MOVED,
    CALL_RECORD_START,
    CALL_RECORD_STOP,
    CALL_STATS,
    CALL_TIMELINE,
    CALL_TRACE,
    CALL_TOLD,
    CALLS
};

enum {
    VOTE_TERMS = 13 /* most terms of a call that ranks agree on */
};

/* The names of a call and of one of its terms, for error messages. */
const char *rpi_call_name(enum call call);
const char *rpi_call_term(enum call call, int term);

/* Does this call work without the dead ranks? */
bool rpi_call_survives(enum call call);

#endif
