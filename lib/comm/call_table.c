#include "comm/call_table.h"

#include <stddef.h>

/* Names of the calls and their terms, for error messages. The value of a datatype, an operation or
 * an array of counts is a hash: it only shows whether ranks passed the same. */
static const struct {
    const char *name;
    const char *terms[VOTE_TERMS];
} calls[CALLS] = {
    [CALL_OPEN] = {"rp_open or rp_open_comm", {NULL}},
    [CALL_CLOSE] = {"rp_close", {NULL}},
    [CALL_BARRIER] = {"rp_barrier", {NULL}},
    [CALL_AGREE] = {"rp_agree", {NULL}},
    [CALL_ALLOC] = {"rp_node_alloc", {"bytes"}},
    [CALL_ALLOC_DONE] = {"rp_node_alloc", {NULL}},
    [CALL_FREE] = {"rp_node_free", {"the allocation's number"}},
    [CALL_NODE_SYNC] = {"rp_node_sync", {NULL}},
    [CALL_LOOP_OPEN] = {"rp_loop_open",
                        {"n", "the schedule", "the chunk", "retries", "max_failures",
                         "item_seconds (its bits)"}},
    [CALL_LOOP_ROUND] = {"rp_loop_next", {NULL}},
    [CALL_LOOP_CLOSE] = {"rp_loop_close", {NULL}},
    [CALL_MAP] = {"rp_map",
                  {"n", "the schedule", "the chunk", "in_size", "in_place", "out_size", "out_place",
                   "a range function", "on_failure", "the seed", "retries", "max_failures",
                   "item_seconds (its bits)"}},
    [CALL_REDUCE] = {"rp_reduce",
                     {"n", "the schedule", "the chunk", "in_size", "in_place", "result_size",
                      "leaf", "the seed", "retries", "max_failures", "item_seconds (its bits)"}},
    [CALL_REDUCED] = {"rp_reduce", {NULL}},
    [CALL_STREAM] = {"rp_stream",
                     {"unordered", "dedicated_root", "window_items", "window_bytes", "the schedule",
                      "the chunk", "on_failure", "the seed", "retries", "max_failures",
                      "item_seconds (its bits)"}},
    [CALL_REACHED] = {"rp_map or rp_reduce", {NULL}},
    [CALL_PREPARED] = {"rp_map, rp_reduce or rp_stream", {NULL}},
    [CALL_PUBLISHED] = {"rp_reduce", {NULL}},
    [CALL_ACCOUNTED] = {"rp_loop_next, rp_map or rp_reduce", {NULL}},
    [CALL_RESUMED] = {"rp_loop_next, rp_map or rp_reduce", {NULL}},
    [CALL_REPLICATE] = {"rp_map", {NULL}},
    [CALL_BROADCAST] = {"rp_broadcast",
                        {"n", "root", "the element's size", "the element's type",
                         "data's allocation", "data's offset"}},
    [CALL_SCATTER] = {"rp_scatter", {"n", "root", "the element's size", "the element's type"}},
    [CALL_SCATTERV] = {"rp_scatterv",
                       {"the sum of counts", "root", "the element's size", "the element's type",
                        "a checksum of counts"}},
    [CALL_GATHER] = {"rp_gather", {"n", "root", "the element's size", "the element's type"}},
    [CALL_GATHERV] = {"rp_gatherv",
                      {"the sum of counts", "root", "the element's size", "the element's type",
                       "a checksum of counts"}},
    [CALL_ALLGATHER] = {"rp_allgather",
                        {"n", NULL, "the element's size", "the element's type", "all's allocation",
                         "all's offset"}},
    [CALL_STAGED] = {"rp_allgather", {NULL}},
    [CALL_REDUCE_RANKS] = {"rp_reduce_ranks",
                           {"n", "root", "the element's size", "the element's type", "op"}},
    [CALL_ALLREDUCE_RANKS] = {"rp_allreduce_ranks",
                              {"n", NULL, "the element's size", "the element's type", "op"}},
    [CALL_EXSCAN_RANKS] = {"rp_exscan_ranks",
                           {"n", NULL, "the element's size", "the element's type", "op"}},
    [CALL_MOVED] = {"a collective", {NULL}},
    [CALL_GRID_OPEN] = {"rp_grid_open", {"rows", "columns", "cell_size", "halo"}},
    [CALL_GRID_OPENED] = {"rp_grid_open", {NULL}},
    [CALL_GRID_CLOSE] = {"rp_grid_close", {"the grid's number", "exchanges begun"}},
    [CALL_GRID_ALLOC] = {"rp_grid_alloc", {"the grid's number"}},
    [CALL_GRID_SCATTER] = {"rp_grid_scatter", {"the grid's number", "root", "the field's number"}},
    [CALL_GRID_GATHER] = {"rp_grid_gather", {"the grid's number", "root", "the field's number"}},
    [CALL_GRID_MOVED] = {"rp_grid_scatter or rp_grid_gather", {NULL}},
    [CALL_FILE_CREATE] = {"rp_file_create", {"a checksum of path"}},
    [CALL_FILE_CREATED] = {"rp_file_create", {NULL}},
    [CALL_FILE_APPEND] = {"rp_file_append", {"the file's number"}},
    [CALL_FILE_CLOSE] = {"rp_file_close", {"the file's number"}},
    [CALL_FILE_MOVED] = {"rp_file_append or rp_file_close", {NULL}},
    [CALL_COLLECT] = {"rp_map_varlen",
                      {"n", "the schedule", "the chunk", "in_size", "in_place", "on_failure",
                       "the seed", "retries", "max_failures", "item_seconds (its bits)"}},
    [CALL_RESULTS_GATHER] = {"rp_results_gather", {"the results' number", "root"}},
    [CALL_RESULTS_WRITE] = {"rp_results_write", {"the results' number"}},
    [CALL_RESULTS_MOVED] = {"rp_results_gather or rp_results_write", {NULL}},
    [CALL_RECORD_START] = {"rp_record_start", {NULL}},
    [CALL_RECORD_STOP] = {"rp_record_stop", {NULL}},
    [CALL_STATS] = {"rp_stats or rp_stats_write", {NULL}},
    [CALL_TIMELINE] = {"rp_timeline", {NULL}},
    [CALL_TRACE] = {"rp_trace", {NULL}},
    [CALL_TOLD] = {"rp_record_start, rp_stats, rp_timeline or rp_trace", {NULL}},
};

/* Calls that work without the dead ranks. */
static const bool survives[CALLS] = {
    [CALL_CLOSE] = true,      [CALL_BARRIER] = true,    [CALL_AGREE] = true,
    [CALL_FREE] = true,       [CALL_NODE_SYNC] = true,  [CALL_LOOP_OPEN] = true,
    [CALL_LOOP_CLOSE] = true, [CALL_MAP] = true,        [CALL_REDUCE] = true,
    [CALL_REDUCED] = true,    [CALL_REACHED] = true,    [CALL_PREPARED] = true,
    [CALL_PUBLISHED] = true,  [CALL_LOOP_ROUND] = true, [CALL_ACCOUNTED] = true,
    [CALL_RESUMED] = true,    [CALL_REPLICATE] = true,  [CALL_STREAM] = true,
};

const char *rpi_call_name(enum call call)
{
    return calls[call].name;
}

const char *rpi_call_term(enum call call, int term)
{
    return calls[call].terms[term];
}

bool rpi_call_survives(enum call call)
{
    return survives[call];
}
