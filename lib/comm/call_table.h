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
    CALL_ALLOC_FILLED,
    CALL_ALLOC_DONE,
    CALL_FILLED,
    CALL_FREE,
    CALL_NODE_SYNC,
    CALL_LOOP_OPEN,
    CALL_LOOP_ROUND,
    CALL_LOOP_CLOSE,
    CALL_MAP,
    CALL_REDUCE,
    CALL_REDUCED,
    CALL_STREAM,
    CALL_CONTROL,
    CALL_WORKLIST,
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
    CALL_SCAN_RANKS,
    CALL_EXSCAN_RANKS,
    CALL_REDUCE_SCATTER_RANKS,
    CALL_ALLTOALL,
    CALL_ALLTOALLV,
    CALL_EXCHANGE,
    CALL_EXCHANGE_MATCHED,
    CALL_SORT,
    CALL_REDUCE_BY_KEY,
    CALL_COMBINED,
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

/* Positions of the terms in a vote. Calls of one kind share an enum; terms that a call lacks are 0.
 * Of the terms that differ, the error message names the one at the lowest position. */

/* Of loops, rp_map(), rp_map_varlen(), rp_reduce(), rp_stream(), rp_control_run() and
 * rp_worklist(), which have the most terms. */
enum job_term {
    JOB_N,
    JOB_UNORDERED,
    JOB_DEDICATED_ROOT,
    JOB_WINDOW_ITEMS,
    JOB_WINDOW_BYTES,
    JOB_SCHEDULE,
    JOB_CHUNK,
    JOB_IN_SIZE,
    JOB_IN_PLACE,
    JOB_OUT_SIZE,
    JOB_OUT_PLACE,
    JOB_RESULT_SIZE,
    JOB_RANGE,
    JOB_LEAF,
    JOB_ON_FAILURE,
    JOB_SEED,
    JOB_RETRIES,
    JOB_MAX_FAILURES,
    JOB_ITEM_SECONDS,
    VOTE_TERMS /* the maximum of any call */
};

/* Of collectives that move data. */
enum collective_term {
    COLLECTIVE_N,
    COLLECTIVE_ROOT,
    COLLECTIVE_ELEMENT_SIZE,
    COLLECTIVE_ELEMENT_TYPE,
    COLLECTIVE_COUNTS,
    COLLECTIVE_ALLOCATION,
    COLLECTIVE_OFFSET,
    COLLECTIVE_OP,
    COLLECTIVE_IN_PLACE,
    SORT_KEY_TYPE,
    SORT_KEY_OFFSET
};

/* Of grids and their fields. */
enum grid_term {
    GRID_LAYERS,
    GRID_ROWS,
    GRID_COLUMNS,
    GRID_CELL_SIZE,
    GRID_HALO,
    GRID_NUMBER,
    GRID_EXCHANGES,
    GRID_ROOT,
    GRID_FIELD
};

/* Of files. */
enum file_term {
    FILE_PATH,
    FILE_NUMBER
};

/* Of the results of rp_map_varlen(). */
enum results_term {
    RESULTS_NUMBER,
    RESULTS_ROOT
};

/* Of node memory. */
enum allocation_term {
    ALLOCATION_BYTES,
    ALLOCATION_N,
    ALLOCATION_ELEMENT_SIZE,
    ALLOCATION_NUMBER
};

/* The names of a call and of one of its terms, for error messages. */
const char *rpi_call_name(enum call call);
const char *rpi_call_term(enum call call, int term);

/* The number of a call's terms that may differ from 0: the others are not compared. */
int rpi_call_terms(enum call call);

/* Does this call work without the dead ranks? */
bool rpi_call_survives(enum call call);

/* Does the library make this call itself, as a part of another one? */
bool rpi_call_inner(enum call call);

#endif
