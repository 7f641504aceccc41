#include "suites.h"

#include "documents.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct test_group *const groups[] = {
    &base_tests,
    &bench_sample_tests,
    &sched_tests,
    &sched_policy_tests,
    &sched_failures_tests,
    &sched_loans_tests,
    &numeric_random_tests,
    &numeric_random_tasks_tests,
    &pool_tests,
    &comm_tcp_handshake_tests,
    &comm_tcp_tests,
    &comm_tcp_frames_tests,
    &comm_tcp_leaders_tests,
    &pool_memory_tests,
    &collective_tests,
    &collective_alltoall_tests,
    &collective_exchange_tests,
    &collective_sort_tests,
    &grid_tests,
    &grid_errors_tests,
    &grid_heat_tests,
    &engine_loop_tests,
    &engine_map_tests,
    &engine_reduce_tests,
    &stream_tests,
    &calls_tests,
    &calls_order_tests,
    &worklist_tests,
    &worklist_bound_tests,
    &worklist_items_tests,
    &numeric_exact_tests,
    &numeric_sums_tests,
    &numeric_sums_paths_tests,
    &distrib_tests,
    &distrib_stops_tests,
    &conformance_tests,
    &engine_memory_tests,
    &collective_reduce_tests,
    &collective_errors_tests,
    &conformance_endings_tests,
    &engine_enough_tests,
    &engine_failures_tests,
    &stream_failures_tests,
    &stream_interruption_tests,
    &diag_interruption_tests,
    &checkpoint_journal_tests,
    &checkpoint_tests,
    &checkpoint_loops_tests,
    &checkpoint_streams_tests,
    &checkpoint_calls_tests,
    &checkpoint_worklists_tests,
    &checkpoint_refusal_tests,
    &checkpoint_damage_tests,
    &checkpoint_disk_tests,
    &collective_file_tests,
    &collective_small_tests,
    &engine_varlen_tests,
    &observe_tests,
    &observe_files_tests,
    &observe_progress_tests,
    &distrib_heartbeat_tests,
};

int world_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int world_ranks(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return ranks;
}

rp_pool *open_configured(const rp_config *config)
{
    rp_pool *pool;
    rp_status status = rp_open_comm(MPI_COMM_WORLD, config, &pool);
    ck_assert_msg(status == RP_OK, "rp_open_comm: %s", rp_last_error(NULL)->text);
    return pool;
}

rp_pool *open_nodes(int node_size)
{
    return open_configured(&(rp_config){.node_size = node_size});
}

rp_pool *open_pool(void)
{
    return open_nodes(0);
}

void close_pool(rp_pool *pool)
{
    ck_assert_int_eq(rp_close(&pool), RP_OK);
    ck_assert_ptr_null(pool);
}

void root_path(char path[64], const char *suffix)
{
    int process = (int)getpid();
    MPI_Bcast(&process, 1, MPI_INT, 0, MPI_COMM_WORLD);
    snprintf(path, 64, "suites-%d%s", process, suffix);
}

char *take_root_file(const char *path)
{
    char *text = NULL;
    if (world_rank() == 0) {
        text = document_read(path);
        ck_assert_msg(text != NULL, "%s", path);
        unlink(path);
    }
    return text;
}

int directory_entries(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    ck_assert_ptr_nonnull(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int listed_threads(int most)
{
    int count = directory_entries("/proc/self/task");
    for (int i = 0; i < 1000 && count > most; i++) {
        usleep(1000);
        count = directory_entries("/proc/self/task");
    }
    return count;
}

void check_same_error(const rp_error *error, rp_status status)
{
    rp_error first = *error;
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    ck_assert_msg(error->status == status, "status %d (%s), not %d", (int)error->status,
                  error->text, (int)status);
    ck_assert_int_eq(first.status, error->status);
    ck_assert_int_eq(first.rank, error->rank);
    ck_assert_str_eq(first.text, error->text);
    ck_assert_str_eq(first.host, error->host);
    ck_assert(strlen(error->text) > 0);
}

void check_job_refused(rp_pool *pool, rp_status (*run)(rp_pool *pool, const void *job),
                       const void *good, const void *bad, rp_status status)
{
    int last = world_ranks() - 1;
    ck_assert_int_eq(run(pool, world_rank() == last ? bad : good), status);
    check_same_error(rp_last_error(pool), status);
    ck_assert_int_eq(rp_last_error(pool)->rank, last);
    rp_status after = run(pool, good);
    ck_assert_msg(after == RP_OK, "%s", rp_last_error(pool)->text);
}

/* Reports the failure on whichever rank it occurred. */
static void report(SRunner *runner, const struct test_group *group, const struct test_case *test)
{
    TestResult **results = srunner_failures(runner);
    for (int i = 0; i < srunner_ntests_failed(runner); i++)
        fprintf(stderr, "FAILED %s: %s on rank %d of %d: %s:%d: %s\n", group->name, test->name,
                world_rank(), world_ranks(), tr_lfile(results[i]), tr_lno(results[i]),
                tr_msg(results[i]));
    free(results);
}

static void run(const struct test_group *group, const struct test_case *test)
{
    MPI_Barrier(MPI_COMM_WORLD);
    Suite *suite = suite_create(group->name);
    TCase *tcase = tcase_create(test->name);
    tcase_add_test(tcase, *test->test);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    if (srunner_ntests_failed(runner) > 0) {
        report(runner, group, test);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    srunner_free(runner);
    if (world_rank() == 0)
        printf("ok %s: %s\n", group->name, test->name);
}

/* With arguments, only groups and tests whose name contains one of them run. */
static bool wanted(char **filters, const struct test_group *group, const struct test_case *test)
{
    bool wanted = *filters == NULL;
    for (; *filters != NULL && !wanted; filters++)
        wanted = strstr(group->name, *filters) != NULL || strstr(test->name, *filters) != NULL;
    return wanted;
}

int main(int argc, char **argv)
{
    int provided, passed = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (const struct test_case *test = groups[g]->cases; test->name != NULL; test++) {
            if (!wanted(argv + 1, groups[g], test))
                continue;
            run(groups[g], test);
            passed++;
        }
    }
    if (world_rank() == 0)
        printf("%d tests passed on %d ranks\n", passed, world_ranks());
    MPI_Finalize();
    return passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
