/* The suites that run on ranks: one program, launched with different numbers of ranks.
 *
 * In no-fork mode Check goes on after a failed test and ignores time-outs; a failed rank would
 * leave the others waiting. So every test is run by itself, and a failure on any rank ends the
 * whole launch.
 *
 * Every assertion writes to a file, even one that holds: in loops of thousands, use an `if` and
 * ck_abort_msg(). */
#ifndef RANKPOOL_TESTS_SUITES_H
#define RANKPOOL_TESTS_SUITES_H

#include <check.h>

#include "rankpool.h"

struct test_case {
    const char *name;
    const TTest *const *test; /* as START_TEST defines it, by address */
};

/* A group of tests; the list ends with an empty case. */
struct test_group {
    const char *name;
    const struct test_case *cases;
};

extern const struct test_group base_tests, sched_tests, sched_policy_tests, sched_failures_tests,
    numeric_random_tests, numeric_random_tasks_tests, pool_tests, comm_tcp_handshake_tests,
    comm_tcp_tests, comm_tcp_frames_tests, comm_tcp_leaders_tests, pool_memory_tests,
    collective_tests, collective_alltoall_tests, grid_tests, grid_errors_tests, engine_loop_tests,
    engine_map_tests, engine_reduce_tests, stream_tests, numeric_sums_tests,
    numeric_sums_paths_tests, distrib_tests, conformance_tests, engine_memory_tests,
    collective_reduce_tests, collective_errors_tests, grid_heat_tests, collective_exchange_tests,
    conformance_endings_tests, engine_failures_tests, stream_failures_tests,
    diag_interruption_tests, checkpoint_journal_tests, checkpoint_tests, checkpoint_loops_tests,
    checkpoint_streams_tests, checkpoint_refusal_tests, checkpoint_worklists_tests,
    checkpoint_damage_tests, checkpoint_disk_tests, collective_file_tests, engine_varlen_tests,
    observe_tests, observe_progress_tests, distrib_heartbeat_tests, engine_enough_tests,
    numeric_exact_tests, sched_loans_tests, worklist_tests, worklist_bound_tests,
    worklist_items_tests, collective_sort_tests, collective_small_tests, calls_tests,
    calls_order_tests, checkpoint_calls_tests, observe_files_tests, bench_sample_tests,
    distrib_stops_tests, stream_interruption_tests;

/* Rank and number of ranks in MPI_COMM_WORLD. */
int world_rank(void);
int world_ranks(void);

/* A pool on MPI_COMM_WORLD; the call must succeed. */
rp_pool *open_pool(void);

/* The same with pretended nodes of `node_size` ranks; 0: those of the machine. */
rp_pool *open_nodes(int node_size);

/* The same with a configuration; NULL: the default one. */
rp_pool *open_configured(const rp_config *config);

/* Closes the pool; the call must succeed. */
void close_pool(rp_pool *pool);

/* A path for a file of the root, the same on every rank. */
void root_path(char path[64], const char *suffix);

/* Removes the file and returns its content, on the root; NULL elsewhere. Freed by free(). */
char *take_root_file(const char *path);

/* The number of names in a directory; hidden ones do not count. */
int directory_entries(const char *path);

/* The number of threads that the kernel lists of this process. Waits up to a second until it is at
 * most `most`, for a thread that was joined may be listed for a moment more. */
int listed_threads(int most);

/* Fails unless all ranks have the same error, with this status. */
void check_same_error(const rp_error *error, rp_status status);

/* Calls `run` with the bad job on the last rank and the good one elsewhere. Fails unless every rank
 * gets this status and the last rank's name, and the pool stays usable. */
void check_job_refused(rp_pool *pool, rp_status (*run)(rp_pool *pool, const void *job),
                       const void *good, const void *bad, rp_status status);

#endif
