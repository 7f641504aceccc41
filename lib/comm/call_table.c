#include "comm/call_table.h"

#include <stddef.h>

/* Names of the calls and their terms, for error messages. The value of a datatype, an operation or
 * an array of counts is a hash: it only shows whether ranks passed the same. */

static const char *const job_terms[VOTE_TERMS] = {
    [JOB_N] = "n",
    [JOB_UNORDERED] = "unordered",
    [JOB_DEDICATED_ROOT] = "dedicated_root",
    [JOB_WINDOW_ITEMS] = "window_items",
    [JOB_WINDOW_BYTES] = "window_bytes",
    [JOB_SCHEDULE] = "the schedule",
    [JOB_CHUNK] = "the chunk",
    [JOB_IN_SIZE] = "in_size",
    [JOB_IN_PLACE] = "in_place",
    [JOB_OUT_SIZE] = "out_size",
    [JOB_OUT_PLACE] = "out_place",
    [JOB_RESULT_SIZE] = "result_size",
    [JOB_RANGE] = "a range function",
    [JOB_LEAF] = "leaf",
    [JOB_ON_FAILURE] = "on_failure",
    [JOB_SEED] = "the seed",
    [JOB_RETRIES] = "retries",
    [JOB_MAX_FAILURES] = "max_failures",
    [JOB_ITEM_SECONDS] = "item_seconds (its bits)",
};

static const char *const control_terms[VOTE_TERMS] = {
    [JOB_N] = "call_count",
    [JOB_UNORDERED] = "unordered",
    [JOB_DEDICATED_ROOT] = "dedicated_root",
    [JOB_WINDOW_ITEMS] = "window_items",
    [JOB_WINDOW_BYTES] = "window_bytes",
    [JOB_SCHEDULE] = "the schedule",
    [JOB_CHUNK] = "the chunk",
    [JOB_ON_FAILURE] = "on_failure",
    [JOB_SEED] = "the seed",
    [JOB_RETRIES] = "retries",
    [JOB_MAX_FAILURES] = "max_failures",
    [JOB_ITEM_SECONDS] = "item_seconds (its bits)",
};

static const char *const worklist_terms[VOTE_TERMS] = {
    [JOB_N] = "n",
    [JOB_WINDOW_BYTES] = "memory",
    [JOB_SCHEDULE] = "the goal",
    [JOB_IN_SIZE] = "item_size",
    [JOB_OUT_SIZE] = "witness_size",
    [JOB_RESULT_SIZE] = "result_size",
    [JOB_SEED] = "the seed",
    [JOB_RETRIES] = "retries",
    [JOB_ITEM_SECONDS] = "item_seconds (its bits)",
};

static const char *const collective_terms[VOTE_TERMS] = {
    [COLLECTIVE_N] = "n",
    [COLLECTIVE_ROOT] = "root",
    [COLLECTIVE_ELEMENT_SIZE] = "the element's size",
    [COLLECTIVE_ELEMENT_TYPE] = "the element's type",
    [COLLECTIVE_OP] = "op",
    [COLLECTIVE_IN_PLACE] = "in place (result is mine)",
};

static const char *const counted_terms[VOTE_TERMS] = {
    [COLLECTIVE_N] = "the sum of counts",
    [COLLECTIVE_ROOT] = "root",
    [COLLECTIVE_ELEMENT_SIZE] = "the element's size",
    [COLLECTIVE_ELEMENT_TYPE] = "the element's type",
    [COLLECTIVE_COUNTS] = "a checksum of counts",
};

static const char *const broadcast_terms[VOTE_TERMS] = {
    [COLLECTIVE_N] = "n",
    [COLLECTIVE_ROOT] = "root",
    [COLLECTIVE_ELEMENT_SIZE] = "the element's size",
    [COLLECTIVE_ELEMENT_TYPE] = "the element's type",
    [COLLECTIVE_ALLOCATION] = "data's allocation",
    [COLLECTIVE_OFFSET] = "data's offset",
};

static const char *const allgather_terms[VOTE_TERMS] = {
    [COLLECTIVE_N] = "n",
    [COLLECTIVE_ELEMENT_SIZE] = "the element's size",
    [COLLECTIVE_ELEMENT_TYPE] = "the element's type",
    [COLLECTIVE_ALLOCATION] = "all's allocation",
    [COLLECTIVE_OFFSET] = "all's offset",
};

static const char *const sort_terms[VOTE_TERMS] = {
    [COLLECTIVE_N] = "n",
    [COLLECTIVE_ELEMENT_SIZE] = "size",
    [SORT_KEY_TYPE] = "key_type (-1: compare)",
    [SORT_KEY_OFFSET] = "key_offset",
};

static const char *const grid_terms[VOTE_TERMS] = {
    [GRID_LAYERS] = "layers",
    [GRID_ROWS] = "rows",
    [GRID_COLUMNS] = "columns",
    [GRID_CELL_SIZE] = "cell_size",
    [GRID_HALO] = "halo",
    [GRID_NUMBER] = "the grid's number",
    [GRID_EXCHANGES] = "exchanges begun",
    [GRID_ROOT] = "root",
    [GRID_FIELD] = "the field's number",
};

static const char *const file_terms[VOTE_TERMS] = {
    [FILE_PATH] = "a checksum of path",
    [FILE_NUMBER] = "the file's number",
};

static const char *const results_terms[VOTE_TERMS] = {
    [RESULTS_NUMBER] = "the results' number",
    [RESULTS_ROOT] = "root",
};

static const char *const allocation_terms[VOTE_TERMS] = {
    [ALLOCATION_BYTES] = "bytes",
    [ALLOCATION_N] = "n",
    [ALLOCATION_ELEMENT_SIZE] = "size",
    [ALLOCATION_NUMBER] = "the allocation's number",
};

enum {
    SURVIVES = 1, /* works without the dead ranks */
    INNER = 2     /* the library makes it itself, as a part of another call */
};

static const struct {
    const char *name;
    const char *const *terms; /* NULL: none */
    int flags;
} calls[CALLS] = {
    [CALL_OPEN] = {"rp_open or rp_open_comm", NULL, 0},
    [CALL_CLOSE] = {"rp_close", NULL, SURVIVES},
    [CALL_BARRIER] = {"rp_barrier", NULL, SURVIVES},
    [CALL_AGREE] = {"rp_agree", NULL, SURVIVES},
    [CALL_ALLOC] = {"rp_node_alloc", allocation_terms, 0},
    [CALL_ALLOC_FILLED] = {"rp_node_alloc_filled", allocation_terms, 0},
    [CALL_ALLOC_DONE] = {"rp_node_alloc or rp_node_alloc_filled", NULL, INNER},
    [CALL_FILLED] = {"rp_node_alloc_filled", NULL, INNER},
    [CALL_FREE] = {"rp_node_free", allocation_terms, SURVIVES},
    [CALL_NODE_SYNC] = {"rp_node_sync", NULL, SURVIVES},
    [CALL_LOOP_OPEN] = {"rp_loop_open", job_terms, SURVIVES},
    [CALL_LOOP_ROUND] = {"rp_loop_next", NULL, SURVIVES},
    [CALL_LOOP_CLOSE] = {"rp_loop_close", NULL, SURVIVES},
    [CALL_MAP] = {"rp_map", job_terms, SURVIVES},
    [CALL_REDUCE] = {"rp_reduce", job_terms, SURVIVES},
    [CALL_REDUCED] = {"rp_reduce", NULL, SURVIVES | INNER},
    [CALL_STREAM] = {"rp_stream", job_terms, SURVIVES},
    [CALL_CONTROL] = {"rp_control_run", control_terms, SURVIVES},
    [CALL_WORKLIST] = {"rp_worklist", worklist_terms, SURVIVES},
    [CALL_PREPARED] = {"rp_loop_next, rp_map, rp_map_varlen, rp_reduce, rp_stream, "
                       "rp_control_run or rp_worklist",
                       NULL, SURVIVES | INNER},
    [CALL_PUBLISHED] = {"rp_reduce", NULL, SURVIVES | INNER},
    [CALL_ACCOUNTED] = {"rp_loop_next, rp_map or rp_reduce", NULL, SURVIVES | INNER},
    [CALL_RESUMED] = {"rp_loop_next, rp_map or rp_reduce", NULL, SURVIVES | INNER},
    [CALL_REPLICATE] = {"rp_map", NULL, SURVIVES | INNER},
    [CALL_BROADCAST] = {"rp_broadcast", broadcast_terms, 0},
    [CALL_SCATTER] = {"rp_scatter", collective_terms, 0},
    [CALL_SCATTERV] = {"rp_scatterv", counted_terms, 0},
    [CALL_GATHER] = {"rp_gather", collective_terms, 0},
    [CALL_GATHERV] = {"rp_gatherv", counted_terms, 0},
    [CALL_ALLGATHER] = {"rp_allgather", allgather_terms, 0},
    [CALL_STAGED] = {"rp_allgather", NULL, INNER},
    [CALL_REDUCE_RANKS] = {"rp_reduce_ranks", collective_terms, 0},
    [CALL_ALLREDUCE_RANKS] = {"rp_allreduce_ranks", collective_terms, 0},
    [CALL_SCAN_RANKS] = {"rp_scan_ranks", collective_terms, 0},
    [CALL_EXSCAN_RANKS] = {"rp_exscan_ranks", collective_terms, 0},
    [CALL_REDUCE_SCATTER_RANKS] = {"rp_reduce_scatter_ranks", collective_terms, 0},
    [CALL_ALLTOALL] = {"rp_alltoall", collective_terms, 0},
    [CALL_ALLTOALLV] = {"rp_alltoallv", collective_terms, 0},
    [CALL_EXCHANGE] = {"rp_exchange", NULL, 0},
    [CALL_EXCHANGE_MATCHED] = {"rp_exchange", NULL, INNER},
    [CALL_SORT] = {"rp_sort", sort_terms, 0},
    [CALL_REDUCE_BY_KEY] = {"rp_reduce_by_key", sort_terms, 0},
    [CALL_COMBINED] = {"rp_reduce_by_key", NULL, INNER},
    [CALL_MOVED] = {"a collective", NULL, INNER},
    [CALL_GRID_OPEN] = {"rp_grid_open", grid_terms, 0},
    [CALL_GRID_OPENED] = {"rp_grid_open", NULL, INNER},
    [CALL_GRID_CLOSE] = {"rp_grid_close", grid_terms, 0},
    [CALL_GRID_ALLOC] = {"rp_grid_alloc", grid_terms, 0},
    [CALL_GRID_SCATTER] = {"rp_grid_scatter", grid_terms, 0},
    [CALL_GRID_GATHER] = {"rp_grid_gather", grid_terms, 0},
    [CALL_GRID_MOVED] = {"rp_grid_scatter or rp_grid_gather", NULL, INNER},
    [CALL_FILE_CREATE] = {"rp_file_create", file_terms, 0},
    [CALL_FILE_CREATED] = {"rp_file_create", NULL, INNER},
    [CALL_FILE_APPEND] = {"rp_file_append", file_terms, 0},
    [CALL_FILE_CLOSE] = {"rp_file_close", file_terms, 0},
    [CALL_FILE_MOVED] = {"rp_file_append or rp_file_close", NULL, INNER},
    [CALL_COLLECT] = {"rp_map_varlen", job_terms, 0},
    [CALL_RESULTS_GATHER] = {"rp_results_gather", results_terms, 0},
    [CALL_RESULTS_WRITE] = {"rp_results_write", results_terms, 0},
    [CALL_RESULTS_MOVED] = {"rp_results_gather or rp_results_write", NULL, INNER},
    [CALL_RECORD_START] = {"rp_record_start", NULL, 0},
    [CALL_RECORD_STOP] = {"rp_record_stop", NULL, 0},
    [CALL_STATS] = {"rp_stats or rp_stats_write", NULL, 0},
    [CALL_TIMELINE] = {"rp_timeline", NULL, 0},
    [CALL_TRACE] = {"rp_trace", NULL, 0},
    [CALL_TOLD] = {"rp_record_start, rp_stats, rp_timeline or rp_trace", NULL, INNER},
};

const char *rpi_call_name(enum call call)
{
    return calls[call].name;
}

const char *rpi_call_term(enum call call, int term)
{
    return calls[call].terms != NULL ? calls[call].terms[term] : NULL;
}

int rpi_call_terms(enum call call)
{
    const char *const *terms = calls[call].terms;
    int count = terms != NULL ? VOTE_TERMS : 0;
    while (count > 0 && terms[count - 1] == NULL)
        count--;
    return count;
}

bool rpi_call_survives(enum call call)
{
    return (calls[call].flags & SURVIVES) != 0;
}

bool rpi_call_inner(enum call call)
{
    return (calls[call].flags & INNER) != 0;
}
