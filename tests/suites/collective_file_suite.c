/* Files that all ranks write together. */
#include "suites.h"

#include "comm/bigcount.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PATH_BYTES = 256
};

/* A directory for one test, the same on all ranks, and a file in it. */
struct place {
    char directory[PATH_BYTES], path[2 * PATH_BYTES];
};

static struct place begin(void)
{
    struct place place;
    if (world_rank() == 0) {
        /* A directory that all nodes share, as TMPDIR need not be. */
        char *here = getcwd(NULL, 0);
        snprintf(place.directory, sizeof place.directory, "%.200s/collective_file_suite.XXXXXX",
                 here);
        free(here);
        ck_assert_ptr_nonnull(mkdtemp(place.directory));
    }
    MPI_Bcast(place.directory, sizeof place.directory, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(place.path, sizeof place.path, "%s/file", place.directory);
    return place;
}

/* Returns the number of files. */
static int files_in(const char *directory)
{
    int files = 0;
    DIR *open = opendir(directory);
    ck_assert_ptr_nonnull(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        files += entry->d_name[0] != '.';
    closedir(open);
    return files;
}

/* On rank 0, when all ranks are done: checks that only `files` files are left, and removes
 * everything. */
static void end(const struct place *place, int files)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() != 0)
        return;
    ck_assert_int_eq(files_in(place->directory), files);
    unlink(place->path);
    ck_assert_int_eq(rmdir(place->directory), 0);
}

/* Reads a file, which must have this size. */
static char *contents(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    char *content = malloc(bytes + 1);
    ck_assert_ptr_nonnull(content);
    ck_assert_uint_eq(fread(content, 1, bytes + 1, file), bytes);
    fclose(file);
    return content;
}

START_TEST(written_in_the_order_of_the_ranks)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    char mine[100];
    size_t bytes = (size_t)world_rank() % 3 * 7, all = 4;
    memset(mine, 'a' + world_rank() % 26, sizeof mine);
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(access(place.path, F_OK), -1);
    if (world_rank() == world_ranks() - 1)
        ck_assert_int_eq(rp_file_write_at(file, 0, "head", 4), RP_OK);
    ck_assert_int_eq(rp_file_append(file, mine, bytes), RP_OK);
    ck_assert_int_eq(rp_file_append(file, NULL, 0), RP_OK);
    ck_assert_int_eq(rp_file_append(file, mine, 1), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    ck_assert_ptr_null(file);
    for (int rank = 0; rank < world_ranks(); rank++)
        all += (size_t)rank % 3 * 7 + 1;
    char *content = contents(place.path, all), *at = content + 4;
    ck_assert(memcmp(content, "head", 4) == 0);
    for (int rank = 0; rank < world_ranks(); rank++)
        for (int i = 0; i < rank % 3 * 7; i++)
            ck_assert_int_eq(*at++, 'a' + rank % 26);
    for (int rank = 0; rank < world_ranks(); rank++)
        ck_assert_int_eq(*at++, 'a' + rank % 26);
    free(content);
    end(&place, 1);
    close_pool(pool);
}
END_TEST

/* More than fits in one part, if the library was built with a low limit. */
START_TEST(long_pieces_go_in_parts)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    size_t bytes = (size_t)rpi_part(100000, 1) * 3 + 17, ranks = (size_t)world_ranks();
    char *mine = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        mine[i] = (char)(i * 7 + (size_t)world_rank());
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    int64_t offset = (int64_t)(ranks - 1 - (size_t)world_rank()) * (int64_t)bytes;
    ck_assert_int_eq(rp_file_write_at(file, offset, mine, bytes), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    char *content = contents(place.path, bytes * ranks);
    ck_assert(memcmp(content + offset, mine, bytes) == 0);
    free(content);
    free(mine);
    end(&place, 1);
    close_pool(pool);
}
END_TEST

static void put_old_file(const char *path)
{
    if (world_rank() == 0) {
        FILE *file = fopen(path, "w");
        ck_assert(file != NULL && fputs("old", file) >= 0 && fclose(file) == 0);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

static void check_old_file(const char *path)
{
    char *content = contents(path, 3);
    ck_assert(memcmp(content, "old", 3) == 0);
    free(content);
    MPI_Barrier(MPI_COMM_WORLD);
}

START_TEST(the_old_file_stays_until_the_new_one_is_whole)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    put_old_file(place.path);
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "new text", 8), RP_OK);
    check_old_file(place.path);
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_file_close(&file, last ? RP_ERR_CANCELLED : RP_OK), RP_ERR_CANCELLED);
    check_same_error(rp_last_error(pool), RP_ERR_CANCELLED);
    check_old_file(place.path);
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    free(contents(place.path, 0));
    end(&place, 1);
    close_pool(pool);
}
END_TEST

/* Writes with a limit on this process's file size, which has the effect of a full disk. (Check
 * writes each assertion to a file where it runs: none may run meanwhile.) */
static void write_limited(rp_file *file, bool limited, bool collectively, rp_status *written,
                          rp_status *closed)
{
    static const char mine[1000];
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){limited ? 100 : before.rlim_cur, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    *written = collectively ? rp_file_append(file, mine, sizeof mine)
                            : rp_file_write_at(file, 50, mine, sizeof mine);
    *closed = rp_file_close(&file, RP_OK);
    setrlimit(RLIMIT_FSIZE, &before);
}

START_TEST(a_disk_without_room_is_told_everywhere)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    rp_status written, closed;
    char expected[3 * PATH_BYTES];
    bool last = world_rank() == world_ranks() - 1;
    snprintf(expected, sizeof expected, "cannot write '%s': File too large", place.path);
    put_old_file(place.path);
    for (int collectively = 0; collectively < 2; collectively++) {
        ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
        write_limited(file, last, collectively, &written, &closed);
        ck_assert_int_eq(written, collectively || last ? RP_ERR_IO : RP_OK);
        ck_assert_int_eq(closed, RP_ERR_IO);
        check_same_error(rp_last_error(pool), RP_ERR_IO);
        ck_assert_str_eq(rp_last_error(pool)->text, expected);
        ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
        check_old_file(place.path);
    }
    end(&place, 1);
    close_pool(pool);
}
END_TEST

static void check_refused(rp_pool *pool, const char *path, const char *reason)
{
    char expected[3 * PATH_BYTES];
    rp_file *file = (rp_file *)pool;
    snprintf(expected, sizeof expected, "cannot write '%s': %s", path, reason);
    ck_assert_int_eq(rp_file_create(pool, path, &file), RP_ERR_IO);
    ck_assert_ptr_null(file);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    ck_assert_str_eq(rp_last_error(pool)->text, expected);
}

START_TEST(what_cannot_be_written_is_refused_at_once)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    char path[3 * PATH_BYTES];
    snprintf(path, sizeof path, "%s/nowhere/file", place.directory);
    check_refused(pool, path, "No such file or directory");
    snprintf(path, sizeof path, "%s/", place.directory);
    check_refused(pool, path, "Is a directory");
    check_refused(pool, place.directory, "Is a directory");
    put_old_file(place.path);
    snprintf(path, sizeof path, "%s/file", place.path);
    check_refused(pool, path, "Not a directory");
    snprintf(path, sizeof path, "%s/pipe", place.directory);
    if (world_rank() == 0)
        ck_assert_int_eq(mkfifo(path, 0600), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    check_refused(pool, path, "it is a pipe or the like, into which several ranks cannot write");
    if (world_rank() == 0)
        unlink(path);
    end(&place, 1);
    close_pool(pool);
}
END_TEST

/* Writes through a link to `target`, which stays a link. */
static void check_link_followed(const char *target, bool exists)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    char link[3 * PATH_BYTES];
    struct stat status;
    rp_file *file;
    snprintf(link, sizeof link, "%s/link", place.directory);
    if (exists)
        put_old_file(place.path);
    if (world_rank() == 0)
        ck_assert_int_eq(symlink(target, link), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    ck_assert_int_eq(rp_file_create(pool, link, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "x", 1), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    ck_assert(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    free(contents(place.path, (size_t)world_ranks()));
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        unlink(link);
    end(&place, 1);
    close_pool(pool);
}

START_TEST(symbolic_links_are_followed)
{
    check_link_followed("file", true);
}
END_TEST

/* A dangling link names the file to create. */
START_TEST(links_to_new_files_are_followed)
{
    check_link_followed("./file", false);
}
END_TEST

static void write_anew(rp_pool *pool, const char *path)
{
    rp_file *file;
    ck_assert_int_eq(rp_file_create(pool, path, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "new", 3), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
}

/* Hard links to the old file keep the old content. */
START_TEST(what_is_replaced_keeps_mode_and_owner)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    struct stat status;
    char other[3 * PATH_BYTES];
    bool root = geteuid() == 0;
    snprintf(other, sizeof other, "%s/other", place.directory);
    put_old_file(place.path);
    if (world_rank() == 0) {
        ck_assert_int_eq(link(place.path, other), 0);
        ck_assert(!root || chown(place.path, 12345, 23456) == 0);
        ck_assert_int_eq(chmod(place.path, root ? 04440 : 0740), 0);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    write_anew(pool, place.path);
    free(contents(place.path, 3 * (size_t)world_ranks()));
    ck_assert_int_eq(stat(place.path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, root ? 04440 : 0740);
    ck_assert_int_eq(status.st_uid, root ? 12345 : geteuid());
    ck_assert_int_eq(status.st_gid, root ? 23456 : getegid());
    check_old_file(other);
    if (world_rank() == 0)
        unlink(other);
    end(&place, 1);
    close_pool(pool);
}
END_TEST

/* Switches root's override of file permissions on or off for this process. */
static void pass_over_rights(bool can)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    const __u32 rights = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER;
    ck_assert_int_eq(syscall(SYS_capget, &head, data), 0);
    data[0].effective =
        can ? data[0].effective | (rights & data[0].permitted) : data[0].effective & ~rights;
    ck_assert_int_eq(syscall(SYS_capset, &head, data), 0);
}

/* If no file can be created or removed in the directory, the file itself is written, and is empty
 * if the write does not complete. */
START_TEST(a_file_in_a_closed_directory_is_written_itself)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    struct stat before, after;
    char path[3 * PATH_BYTES];
    put_old_file(place.path);
    ck_assert_int_eq(stat(place.path, &before), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        ck_assert_int_eq(chmod(place.directory, 0555), 0);
    pass_over_rights(false);
    MPI_Barrier(MPI_COMM_WORLD);
    snprintf(path, sizeof path, "%s/new", place.directory);
    check_refused(pool, path, "Permission denied");
    write_anew(pool, place.path);
    free(contents(place.path, 3 * (size_t)world_ranks()));
    ck_assert_int_eq(stat(place.path, &after), 0);
    ck_assert_int_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "new", 3), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_ERR_CANCELLED), RP_ERR_CANCELLED);
    MPI_Barrier(MPI_COMM_WORLD); /* all ranks know of it before the root clears the file */
    free(contents(place.path, 0));
    pass_over_rights(true);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        ck_assert_int_eq(chmod(place.directory, 0755), 0);
    end(&place, 1);
    close_pool(pool);
}
END_TEST

/* If only the last step fails (a directory has the file's name), the data are not lost. */
START_TEST(a_result_that_cannot_get_its_name_stays)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    char name[512];
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "new", 3), RP_OK);
    if (world_rank() == 0)
        ck_assert_int_eq(mkdir(place.path, 0700), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    const char *said = strstr(rp_last_error(pool)->text, "the result is in '");
    ck_assert_msg(said != NULL, "%s", rp_last_error(pool)->text);
    snprintf(name, sizeof name, "%s", said + strlen("the result is in '"));
    name[strlen(name) - 1] = '\0';
    free(contents(name, 3 * (size_t)world_ranks()));
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0) {
        unlink(name);
        rmdir(place.path);
    }
    end(&place, 0);
    close_pool(pool);
}
END_TEST

/* A device with offsets is written in place. */
START_TEST(devices_are_written_themselves)
{
    rp_pool *pool = open_pool();
    struct stat status;
    write_anew(pool, "/dev/null");
    ck_assert(stat("/dev/null", &status) == 0 && S_ISCHR(status.st_mode));
    if (access("/dev/full", W_OK) == 0) {
        rp_file *file;
        ck_assert_int_eq(rp_file_create(pool, "/dev/full", &file), RP_OK);
        ck_assert_int_eq(rp_file_append(file, "new", 3), RP_ERR_IO);
        ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_ERR_IO);
        ck_assert_str_eq(rp_last_error(pool)->text,
                         "cannot write '/dev/full': No space left on device");
    }
    close_pool(pool);
}
END_TEST

/* With a name of the maximum length there is no room for a longer temporary name. */
START_TEST(long_names)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    char path[3 * PATH_BYTES];
    snprintf(path, sizeof path, "%s/%0255d", place.directory, 7);
    write_anew(pool, path);
    free(contents(path, 3 * (size_t)world_ranks()));
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        unlink(path);
    end(&place, 0);
    close_pool(pool);
}
END_TEST

START_TEST(bad_calls_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    bool last = world_rank() == world_ranks() - 1;
    rp_file *file, *other;
    ck_assert_int_eq(rp_file_create(pool, last ? NULL : place.path, &file), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_file_create(pool, place.path, last ? NULL : &file), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_write_at(file, -1, "x", 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_file_write_at(file, 0, NULL, 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_file_append(file, last ? NULL : "x", 1), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_file_create(pool, place.path, &other), RP_OK);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_file_append(last ? file : other, "x", 1), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_file_close(&other, RP_ERR_CANCELLED), RP_ERR_CANCELLED);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    ck_assert_int_eq(rp_file_close(&file, RP_OK), RP_OK);
    free(contents(place.path, 0));
    end(&place, 1);
    close_pool(pool);
}
END_TEST

START_TEST(a_pool_that_closes_drops_its_files)
{
    rp_pool *pool = open_pool();
    struct place place = begin();
    rp_file *file;
    ck_assert_int_eq(rp_file_create(pool, place.path, &file), RP_OK);
    ck_assert_int_eq(rp_file_append(file, "x", 1), RP_OK);
    close_pool(pool);
    end(&place, 0);
}
END_TEST

static const struct test_case cases[] = {
    {"written in the order of the ranks", &written_in_the_order_of_the_ranks},
    {"long pieces go in parts", &long_pieces_go_in_parts},
    {"the old file stays until the new one is whole",
     &the_old_file_stays_until_the_new_one_is_whole},
    {"a disk without room is told everywhere", &a_disk_without_room_is_told_everywhere},
    {"what cannot be written is refused at once", &what_cannot_be_written_is_refused_at_once},
    {"symbolic links are followed", &symbolic_links_are_followed},
    {"links to new files are followed", &links_to_new_files_are_followed},
    {"what is replaced keeps mode and owner", &what_is_replaced_keeps_mode_and_owner},
    {"a file in a closed directory is written itself",
     &a_file_in_a_closed_directory_is_written_itself},
    {"a result that cannot get its name stays", &a_result_that_cannot_get_its_name_stays},
    {"devices are written themselves", &devices_are_written_themselves},
    {"long names", &long_names},
    {"bad calls are refused by all", &bad_calls_are_refused_by_all},
    {"a pool that closes drops its files", &a_pool_that_closes_drops_its_files},
    {NULL, NULL},
};
const struct test_group collective_file_tests = {"collective_file", cases};
