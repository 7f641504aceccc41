/* Checkpoints: damage to a journal is detected, and only the lost results are computed again. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include "checkpoint/journal_index.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned damage; /* unique per file and round */

static void spoil(const char *path)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    damage = damage * 1103515245 + 12345;
    off_t at = (off_t)(damage / 3) % about.st_size;
    if (damage / 65536 % 3 == 0) {
        ck_assert_int_eq(truncate(path, at), 0);
        return;
    }
    unsigned char byte;
    int file = open(path, O_RDWR);
    ck_assert_int_eq(pread(file, &byte, 1, at), 1);
    byte ^= (unsigned char)(1 + damage / 256 % 255);
    ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    close(file);
}

/* Damages every journal; returns the number of journals. On rank 0. */
static int spoil_all(void)
{
    int count = 0;
    char path[1200];
    DIR *open = opendir(saved_in());
    ck_assert_ptr_nonnull(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        if (strncmp(entry->d_name, "journal.", 8) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", saved_in(), entry->d_name);
        spoil(path);
        count++;
    }
    closedir(open);
    return count;
}

START_TEST(spoilt_journals_are_noticed)
{
    double expected, result;
    rp_reduce_job reduction = reduce_job(&expected);
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    close_pool(pool);
    begin_place();
    rp_map_job job = map_job();
    reduction = reduce_job(&result);
    for (int time = 0; time < 20; time++) {
        pool = open_saved(RP_RESUME_NOTHING);
        breaks_at = ITEMS / 2;
        ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
        ck_assert_int_eq(rp_reduce(pool, &reduction), RP_ERR_TASK);
        breaks_at = -1;
        close_pool(pool);
        int64_t before = computed_by_all();
        MPI_Barrier(MPI_COMM_WORLD);
        if (world_rank() == 0)
            ck_assert_int_gt(spoil_all(), 0);
        MPI_Barrier(MPI_COMM_WORLD);
        memset(map_results, 0, sizeof map_results);
        pool = open_saved(RP_RESUME);
        ck_assert_int_eq(rp_map(pool, &job), RP_OK);
        check_results(pool, RP_ON_ROOT);
        ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
        ck_assert_mem_eq(&result, &expected, sizeof result);
        close_pool(pool);
        ck_assert_int_ge(computed_by_all(), 2 * ITEMS - before);
    }
    end_place();
}
END_TEST

/* Appends entries with correct checksums and invalid fields to the root's journal. */
static void craft_entries(void)
{
    static const double wrong[2] = {-1, -1};
    const struct journal_entry entries[] = {
        {.begin = 0, .end = INT64_C(1) << 61, .bytes = 0}, /* overflows to 0 when multiplied by 8 */
        {.begin = 0, .end = (INT64_C(1) << 61) + 1, .bytes = 8},
        {.begin = INT64_MIN, .end = INT64_MAX, .bytes = 0},
        {.begin = -1, .end = 1, .bytes = 16},
        {.begin = ITEMS - 1, .end = ITEMS + 1, .bytes = 16},
        {.begin = 5, .end = 5, .bytes = 0},
    };
    unsigned char bytes[JOURNAL_HEAD_BYTES];
    struct journal_head head;
    char path[1200];
    ck_assert(rpi_journal_name(saved_in(), 1, 0, path, sizeof path));
    int file = open(path, O_RDWR | O_APPEND);
    ck_assert_int_eq(pread(file, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    ck_assert(rpi_journal_read_head(bytes, sizeof bytes, &head));
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct journal_entry entry = entries[i];
        entry.job = 1;
        entry.kind = JOURNAL_ITEMS;
        entry.payload = wrong;
        rpi_journal_write_entry(&entry, head.seed, bytes);
        ck_assert_int_eq(write(file, bytes, sizeof bytes), (ssize_t)sizeof bytes);
        ck_assert_int_eq(write(file, wrong, entry.bytes), (ssize_t)entry.bytes);
    }
    close(file);
}

START_TEST(crafted_entries_are_refused)
{
    char text[4096];
    begin_place();
    rp_map_job job = map_job();
    break_off(&job);
    if (world_rank() == 0)
        craft_entries();
    MPI_Barrier(MPI_COMM_WORLD);
    capture_stderr(resume_job, text, sizeof text);
    const char *said = strstr(text, "rankpool: entries of the journals in '");
    ck_assert_msg((said != NULL) == (world_rank() == 0), "%s", text);
    ck_assert(said == NULL || strstr(said, "computed again: 6\n") != NULL);
    ck_assert(said == NULL || strstr(said + 1, "rankpool:") == NULL);
    end_place();
}
END_TEST

const struct test_group checkpoint_damage_tests = {
    "checkpoint: damage",
    (const struct test_case[]){
        {"spoilt journals are noticed", &spoilt_journals_are_noticed},
        {"crafted entries are refused", &crafted_entries_are_refused},
        {NULL, NULL},
    },
};
