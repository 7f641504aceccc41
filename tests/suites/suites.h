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

extern const struct test_group base_tests, schedule_tests, suspects_tests, random_tests,
    world_tests, memory_tests, collective_tests, grid_tests, loop_tests, map_tests, reduce_tests,
    stream_tests, sums_tests, sums_ways_tests, nodes_tests, conformance_tests, footprint_tests,
    reduce_ranks_tests, refusal_tests, endings_tests, failures_tests, signals_tests, journal_tests,
    checkpoint_tests, checkpoint_loops_tests, checkpoint_streams_tests, checkpoint_refusal_tests,
    checkpoint_damage_tests, checkpoint_disk_tests, file_tests, collect_tests, observe_tests,
    silence_tests, links_tests;

/* Rank and number of ranks in MPI_COMM_WORLD. */
int world_rank(void);
int world_ranks(void);

/* A pool on MPI_COMM_WORLD, which must come about. */
rp_pool *open_pool(void);

/* Closes it, which must work. */
void close_pool(rp_pool *pool);

/* Fails unless all ranks hold the same error, with this status. */
void check_same_error(const rp_error *error, rp_status status);

/* Calls `run` with the bad job on the last rank and the good one elsewhere. Fails unless every rank
 * hears of it, with this status and the last rank's name, and the pool works on. */
void check_job_refused(rp_pool *pool, rp_status (*run)(rp_pool *pool, const void *job),
                       const void *good, const void *bad, rp_status status);

#endif
