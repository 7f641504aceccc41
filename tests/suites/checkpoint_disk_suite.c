/* Checkpoints: where nothing can be kept that is told once, and the work goes on. */
#include "kept_work.h"
#include "suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Reads what was written to stderr while `run` was running. */
static void capture(void (*run)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    ck_assert(file != NULL && before >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    run();
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void map_where_no_directory_is(void)
{
    rp_map_job job = map_job();
    rp_config config = {.checkpoint = "/no/such/folder/kept"};
    rp_pool *pool;
    ck_assert_int_eq(rp_create(MPI_COMM_WORLD, &config, &pool), RP_OK);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    close_pool(pool);
}

/* Files may have 350 bytes, so results are where they need no new node memory. */
static void map_where_the_disk_is_full(void)
{
    struct rlimit before, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){350, before.rlim_max};
    rp_map_job job = map_job();
    job.out_place = RP_ON_RANKS;
    rp_pool *pool = open_kept(RP_RESUME);
    setrlimit(RLIMIT_FSIZE, &small);
    breaks_at = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    close_pool(pool);
}

static int warnings_in(const char *text)
{
    int count = 0;
    for (; (text = strstr(text, "rankpool: the work is not protected: ")) != NULL; text++)
        count++;
    return count;
}

static int warnings_of_all(void (*run)(void))
{
    char text[4096];
    capture(run, text, sizeof text);
    int mine = warnings_in(text), all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

START_TEST(what_cannot_be_kept_is_told_and_the_work_goes_on)
{
    begin_place();
    ck_assert_int_eq(warnings_of_all(map_where_no_directory_is), 1);
    rp_pool *pool = open_pool();
    int nodes = rp_nodes(pool);
    close_pool(pool);
    int told = warnings_of_all(map_where_the_disk_is_full);
    ck_assert_int_ge(told, 1);
    ck_assert_int_le(told, nodes);
    computed = 0;
    rp_map_job job = map_job();
    int64_t again = resume(&job);
    ck_assert(again > 0 && again <= ITEMS);
    end_place();
}
END_TEST

const struct test_group checkpoint_disk_tests = {
    "checkpoint: disk",
    (const struct test_case[]){
        {"what cannot be kept is told and the work goes on",
         &what_cannot_be_kept_is_told_and_the_work_goes_on},
        {NULL, NULL},
    },
};
