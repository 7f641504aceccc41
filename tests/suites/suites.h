/* The suites that run on ranks: one program, launched with several numbers of ranks.
 *
 * Check in its no-fork mode goes on after a failed test, and its time-outs do nothing; a rank that
 * failed would leave the others waiting. So every test is run by itself, and a failure on any rank
 * ends the whole launch.
 *
 * Every assertion writes to a file, even one that holds: where there are thousands in a loop, look
 * with an `if`, and call ck_abort_msg(). */
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

extern const struct test_group base_tests, sched_tests, sched_failures_tests, numeric_random_tests,
    pool_tests, comm_tcp_handshake_tests, comm_tcp_tests, pool_memory_tests, collective_tests,
    grid_tests, grid_errors_tests, engine_loop_tests, engine_map_tests, engine_reduce_tests,
    stream_tests, numeric_sums_tests, numeric_sums_paths_tests, distrib_tests, conformance_tests,
    engine_memory_tests, collective_reduce_tests, collective_errors_tests,
    conformance_endings_tests, engine_failures_tests, stream_failures_tests,
    diag_interruption_tests, checkpoint_journal_tests, checkpoint_tests, checkpoint_loops_tests,
    checkpoint_streams_tests, checkpoint_refusal_tests, checkpoint_damage_tests,
    checkpoint_disk_tests, collective_file_tests, engine_varlen_tests, observe_tests,
    observe_progress_tests, distrib_heartbeat_tests;

/* Rank and number of ranks in MPI_COMM_WORLD. */
int world_rank(void);
int world_ranks(void);

/* A pool on MPI_COMM_WORLD, which must come about. */
rp_pool *open_pool(void);

/* The same, whose nodes are of so many ranks; 0: those of the machine. */
rp_pool *open_nodes(int node_size);

/* Closes it, which must work. */
void close_pool(rp_pool *pool);

/* A path for a file of the root, the same on every rank. */
void root_path(char path[64], const char *suffix);

/* Removes the file and returns what was in it, on the root; NULL elsewhere. Freed by free(). */
char *take_root_file(const char *path);

/* Fails unless all ranks hold the same error, with this status. */
void check_same_error(const rp_error *error, rp_status status);

/* Calls `run` with the bad job on the last rank and the good one elsewhere. Fails unless every rank
 * hears of it, with this status and the last rank's name, and the pool works on. */
void check_job_refused(rp_pool *pool, rp_status (*run)(rp_pool *pool, const void *job),
                       const void *good, const void *bad, rp_status status);

#endif
