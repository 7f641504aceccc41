/* Checkpoints: if a journal cannot be written, the library reports it once and the job goes on. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include "checkpoint/journal_format.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_where_no_directory_is(void)
{
    rp_map_job job = map_job();
    rp_pool *pool = open_configured(&(rp_config){.checkpoint = "/no/such/folder/kept"});
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    close_pool(pool);
}

/* Files are limited to 350 bytes, so results are placed where they need no new node memory. */
static void map_where_the_disk_is_full(void)
{
    struct rlimit before, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){350, before.rlim_max};
    rp_map_job job = map_job();
    job.out_place = RP_ON_RANKS;
    rp_pool *pool = open_saved(RP_RESUME);
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
    capture_stderr(run, text, sizeof text);
    int mine = warnings_in(text), all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

START_TEST(what_cannot_be_saved_is_told_and_the_work_goes_on)
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

/* ---- foreign directory entries --------------------------------------------------------------- */

static const char *path_of(const char *name)
{
    static char path[1400];
    snprintf(path, sizeof path, "%s/%s", saved_in(), name);
    return path;
}

static void make_file(const char *name, const void *bytes, size_t count, off_t size)
{
    int file = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_msg(file >= 0, "%s", name);
    ck_assert_int_eq(write(file, bytes, count), (ssize_t)count);
    ck_assert_int_eq(ftruncate(file, size), 0);
    close(file);
}

/* Files whose names are those of journals, or nearly, and whose contents are not journals. */
static void make_odd_files(void)
{
    const off_t huge = (off_t)64 << 30; /* a hole, except for its header */
    static const char *const names[] = {"journal.99999999999999999999.000000",
                                        "journal.4294967297.000001",
                                        "journal.000001.4294967296",
                                        "journal.-00001.000000",
                                        "journal. 00001.000000",
                                        "journal.1.0",
                                        "journal.000001.000000\n",
                                        "journal.\xff\xfe\xc3.\x1b[2J",
                                        "\xc3"};
    unsigned char head[JOURNAL_HEAD_BYTES];
    char longest[256];
    memset(longest, 'j', 255);
    longest[255] = '\0';
    rpi_journal_write_head(&(struct journal_head){.seed = 1}, head);
    ck_assert_int_eq(mkfifo(path_of("journal.000700.000000"), 0600), 0);
    ck_assert_int_eq(mkdir(path_of("journal.000701.000000"), 0700), 0);
    ck_assert_int_eq(symlink("journal.000702.000000", path_of("journal.000702.000000")), 0);
    ck_assert_int_eq(symlink("/dev/zero", path_of("journal.000703.000000")), 0);
    make_file("journal.000704.000000", "", 0, 0);
    make_file("journal.000705.000000", head, sizeof head, huge);
    head[16]++; /* the version */
    make_file("journal.000706.000000", head, sizeof head, 1000);
    make_file("journal.000707.000000", "", 0, 1000);
    ck_assert_int_eq(chmod(path_of("journal.000707.000000"), 0), 0);
    make_file(longest, "", 0, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        make_file(names[i], head, sizeof head, 1000);
}

/* Returns the number of files. */
static int clear_directory(void)
{
    int count = 0;
    DIR *open = opendir(saved_in());
    ck_assert_ptr_nonnull(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ck_assert_int_eq(remove(path_of(entry->d_name)), 0);
        count++;
    }
    closedir(open);
    ck_assert_int_eq(rmdir(saved_in()), 0);
    return count;
}

START_TEST(odd_files_do_no_harm)
{
    begin_place();
    rp_map_job job = map_job();
    int64_t first = break_off(&job);
    if (world_rank() == 0)
        make_odd_files();
    MPI_Barrier(MPI_COMM_WORLD);
    ck_assert_int_eq(first + resume(&job), ITEMS);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        ck_assert_int_eq(clear_directory(), 11); /* a directory, and names that no journal has */
    end_place();
}
END_TEST

/* The manifest and the lock replaced by files that cannot be opened, or only by blocking. */
START_TEST(odd_manifests_and_locks_do_no_harm)
{
    static const char *const names[] = {"manifest", "lock"};
    rp_map_job job = map_job();
    char text[4096];
    for (int kind = 0; kind < 6; kind++) {
        begin_place();
        break_off(&job);
        if (world_rank() == 0) {
            const char *path = path_of(names[kind % 2]);
            ck_assert_int_eq(unlink(path), 0);
            ck_assert_int_eq(kind < 2   ? mkfifo(path, 0600)
                             : kind < 4 ? mkdir(path, 0700)
                                        : symlink("../elsewhere", path),
                             0);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        capture_stderr(resume_job, text, sizeof text);
        if (world_rank() == 0) {
            ck_assert_msg(warnings_in(text) == 1, "%d: %s", kind, text);
            if (exists(saved_in()))
                clear_directory();
        }
        end_place();
    }
}
END_TEST

const struct test_group checkpoint_disk_tests = {
    "checkpoint: disk",
    (const struct test_case[]){
        {"what cannot be kept is told and the work goes on",
         &what_cannot_be_saved_is_told_and_the_work_goes_on},
        {"odd files do no harm", &odd_files_do_no_harm},
        {"odd manifests and locks do no harm", &odd_manifests_and_locks_do_no_harm},
        {NULL, NULL},
    },
};
