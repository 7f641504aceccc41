/* base/: tests that need no ranks. */
#include "suites.h"

#include "base/buffer.h"
#include "base/cpuset.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/file_io.h"
#include "base/mappings.h"
#include "base/numeric_locale.h"
#include "base/output.h"
#include "base/poison.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(poison_is_nan_and_knows_its_key)
{
    double numbers[4];
    char *bytes = (char *)numbers;
    rpi_poison(numbers, 0, sizeof numbers, 5);
    for (int i = 0; i < 4; i++)
        ck_assert(isnan(numbers[i]));
    ck_assert(rpi_poisoned(numbers, 0, sizeof numbers, 5));
    ck_assert(!rpi_poisoned(numbers, 0, sizeof numbers, 6));
    bytes[11] = 0;
    ck_assert(rpi_poisoned(numbers, 0, 11, 5) && rpi_poisoned(numbers, 12, sizeof numbers, 5));
    ck_assert(!rpi_poisoned(numbers, 0, 12, 5));
}
END_TEST

/* Adjacent private pages count; a shared page, an inaccessible one and an unmapped one do not. */
START_TEST(mapped_bytes_end_where_memory_does)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char behind[100];
    char *memory = mmap(NULL, 6 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(memory != MAP_FAILED);
    ck_assert_int_eq(mprotect(memory + page, page, PROT_READ), 0);
    ck_assert_int_eq(mprotect(memory + 5 * page, page, PROT_NONE), 0);
    ck_assert(mmap(memory + 3 * page, page, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 8, 3 * page - 8, behind, sizeof behind),
                      3 * page - 8);
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 8, 3 * page, behind, sizeof behind), 3 * page - 8);
    ck_assert(strstr(behind, "other memory") != NULL);
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 3 * page, page, behind, sizeof behind), page);
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 3 * page, 2 * page, behind, sizeof behind), page);
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 4 * page, 2 * page, behind, sizeof behind), page);
    ck_assert_str_eq(behind, "memory without access");
    ck_assert_int_eq(munmap(memory + 5 * page, page), 0);
    munmap(memory + 2 * page, page);
    ck_assert_uint_eq(rpi_mapped_bytes(memory, 3 * page, behind, sizeof behind), 2 * page);
    ck_assert_str_eq(behind, "memory that is not mapped");
    ck_assert_uint_eq(rpi_mapped_bytes(memory + 2 * page, 8, behind, sizeof behind), 0);
    munmap(memory, 5 * page);
}
END_TEST

START_TEST(statuses_have_texts)
{
    for (int status = RP_OK; status <= RP_ERR_VERSION; status++)
        ck_assert_str_ne(rp_strerror((rp_status)status), "unknown status");
    ck_assert_str_eq(rp_strerror((rp_status)(RP_ERR_VERSION + 1)), "unknown status");
    ck_assert_str_eq(rp_strerror((rp_status)-1), "unknown status");
}
END_TEST

START_TEST(exit_codes)
{
    ck_assert_int_eq(rp_exit_code(RP_OK), 0);
    ck_assert_int_eq(rp_exit_code(RP_ERR_TASK), 1);
    ck_assert_int_eq(rp_exit_code(RP_ERR_ARGUMENT), 2);
    ck_assert_int_eq(rp_exit_code(RP_ERR_INTERRUPTED), 75);
}
END_TEST

START_TEST(version_names_library_and_mpi)
{
    size_t length = strlen(RP_VERSION);
    ck_assert(strncmp(rp_version(), RP_VERSION, length) == 0);
    ck_assert(strncmp(rp_version() + length, " (", 2) == 0);
    ck_assert(strstr(rp_version(), "MPI") != NULL);
    ck_assert(strncmp(rp_build(), "commit ", 7) == 0);
}
END_TEST

START_TEST(long_error_texts_are_cut)
{
    rp_error error;
    char text[2 * sizeof error.text];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(rpi_error_set(&error, RP_ERR_IO, "%s", text), RP_ERR_IO);
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
    ck_assert_int_eq(error.rank, -1);
    ck_assert_int_eq(error.item, -1);
    ck_assert(strlen(error.host) > 0);
}
END_TEST

START_TEST(integers_are_parsed_whole)
{
    static const char *const bad[] = {"",   "x",   "1x", " 1",   "+1", "-",
                                      "--", "1.5", "11", "0x10", "-4", "99999999999999999999"};
    int64_t value = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!rpi_parse_integer(bad[i], -3, 10, &value), "\"%s\" was taken", bad[i]);
    ck_assert_int_eq(value, 77);
    ck_assert(rpi_parse_integer("10", -3, 10, &value) && value == 10);
    ck_assert(rpi_parse_integer("-3", -3, 10, &value) && value == -3);
}
END_TEST

START_TEST(numbers_are_parsed_whole)
{
    static const char *const good[] = {"0", "0.5", ".5", "5.", "-1.5e3", "+2E-2"};
    static const double values[] = {0, 0.5, 0.5, 5, -1500, 0.02};
    static const char *const bad[] = {"",   " 1", "1 ", "0,5",   "0x1",  "inf", "nan", "1e999",
                                      "1e", ".",  "-",  "1.2.3", "1e5f", "--1", "e5",  "1\n"};
    for (int i = 0; i < 6; i++) {
        double value = -1;
        ck_assert_msg(rpi_parse_number(good[i], &value), "%s", good[i]);
        ck_assert_double_eq(value, values[i]);
    }
    for (int i = 0; i < 16; i++) {
        double value = -1;
        ck_assert_msg(!rpi_parse_number(bad[i], &value), "%s", bad[i]);
        ck_assert_double_eq(value, -1);
    }
}
END_TEST

START_TEST(environment_says_what_is_wrong)
{
    rp_error error;
    int64_t value = 5;
    unsetenv("RANKPOOL_TEST_NUMBER");
    ck_assert_int_eq(rpi_environment_integer("RANKPOOL_TEST_NUMBER", 0, 9, &value, &error), RP_OK);
    setenv("RANKPOOL_TEST_NUMBER", "", 1);
    ck_assert_int_eq(rpi_environment_integer("RANKPOOL_TEST_NUMBER", 0, 9, &value, &error), RP_OK);
    ck_assert_int_eq(value, 5);
    setenv("RANKPOOL_TEST_NUMBER", "ten", 1);
    ck_assert_int_eq(rpi_environment_integer("RANKPOOL_TEST_NUMBER", 0, 9, &value, &error),
                     RP_ERR_ARGUMENT);
    ck_assert_str_eq(error.text, "RANKPOOL_TEST_NUMBER=\"ten\": give a whole number from 0 to 9");
    unsetenv("RANKPOOL_TEST_NUMBER");
}
END_TEST

START_TEST(buffers_grow_and_keep_their_content)
{
    rp_buffer buffer;
    rpi_buffer_init(&buffer);
    ck_assert_uint_eq(rp_buffer_size(&buffer), 0);
    ck_assert_ptr_nonnull(rp_buffer_resize(&buffer, 0));
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(rp_buffer_append(&buffer, &i, sizeof i), 0);
    ck_assert_uint_eq(rp_buffer_size(&buffer), 1000 * sizeof(int));
    int *numbers = rp_buffer_resize(&buffer, 2000 * sizeof(int));
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(numbers[i], i);
    ck_assert_ptr_null(rp_buffer_resize(&buffer, SIZE_MAX / 2));
    ck_assert_int_ne(rp_buffer_append(&buffer, "", SIZE_MAX), 0);
    ck_assert_uint_eq(rp_buffer_size(&buffer), 2000 * sizeof(int));
    ck_assert_int_eq(rp_buffer_append(&buffer, NULL, 0), 0);
    rpi_buffer_free(&buffer);
    ck_assert_uint_eq(rp_buffer_size(&buffer), 0);
}
END_TEST

START_TEST(cores_respect_limits)
{
    ck_assert_int_eq(rpi_cores_of_limit("max 100000"), 0);
    ck_assert_int_eq(rpi_cores_of_limit("-1 100000"), 0);
    ck_assert_int_eq(rpi_cores_of_limit(""), 0);
    ck_assert_int_eq(rpi_cores_of_limit("200000 100000"), 2);
    ck_assert_int_eq(rpi_cores_of_limit("150000 100000"), 2);
    ck_assert_int_eq(rpi_cores_of_limit("1000 100000"), 1);
    struct core_mask mask = {{0}};
    ck_assert_int_ge(rpi_core_mask_usable(&mask), 1);
    mask.words[0] = 4;
    ck_assert_int_eq(rpi_core_mask_usable(&mask), 1);
    ck_assert_int_ge(rpi_cores_usable(), 1);
}
END_TEST

/* SIGXFSZ has its default action here and would end the program. */
START_TEST(a_limit_of_file_size_is_an_error)
{
    const size_t most = 1 << 16;
    char bytes[3 << 15] = "";
    struct rlimit before, limit;
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    int descriptor = fileno(file);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){most, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int written = rpi_write_all(descriptor, bytes, sizeof bytes);
    off_t end = lseek(descriptor, 0, SEEK_CUR);
    ssize_t once = rpi_write_once(descriptor, bytes, 1);
    int why = errno;
    int in_place = rpi_pwrite_all(descriptor, bytes, most, 1);
    int allocated = rpi_allocate(descriptor, 0, most + 1);
    struct file_limit_guard guard;
    rpi_file_limit_guard_begin(&guard);
    int put = fputc('x', file), flushed = fflush(file);
    rpi_file_limit_guard_end(&guard);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(written, EFBIG);
    ck_assert_int_eq(end, (off_t)most);
    ck_assert(once == -1 && why == EFBIG);
    ck_assert_int_eq(in_place, EFBIG);
    ck_assert_int_eq(allocated, EFBIG);
    ck_assert(put == 'x' && flushed == EOF);
    ck_assert_int_eq(rpi_allocate(descriptor, 0, most + 1), 0);
    struct stat about;
    ck_assert_int_eq(fstat(descriptor, &about), 0);
    ck_assert_int_eq(about.st_size, (off_t)most + 1);
    ck_assert_int_eq(rpi_write_all(-1, bytes, 1), EBADF);
    fclose(file);
}
END_TEST

static bool file_limit_signal_is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

/* Signals that the program has blocked, or waits for, are not touched. */
START_TEST(the_signal_of_that_limit_stays_the_programs)
{
    struct file_limit_guard outer, inner;
    sigset_t set, before, after;
    rpi_file_limit_guard_begin(&outer);
    rpi_file_limit_guard_begin(&inner);
    raise(SIGXFSZ);
    rpi_file_limit_guard_end(&inner);
    bool taken_back = !file_limit_signal_is_pending();
    rpi_file_limit_guard_end(&outer);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    ck_assert(taken_back && sigismember(&after, SIGXFSZ) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    raise(SIGXFSZ);
    errno = 12345;
    rpi_file_limit_guard_begin(&outer);
    rpi_file_limit_guard_end(&outer);
    int number = errno;
    bool left_pending = file_limit_signal_is_pending();
    const struct timespec at_once = {0, 0};
    sigtimedwait(&set, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, &after);
    ck_assert(left_pending && sigismember(&after, SIGXFSZ) == 1);
    ck_assert_int_eq(number, 12345);
}
END_TEST

START_TEST(names_of_other_formats_are_refused)
{
    static const struct {
        const char *path, *endings;
        rp_status expected;
    } cases[] = {
        {"plot.svg", "svg html", RP_OK},
        {"plot.HTML", "svg html", RP_OK},
        {"plot.png", "svg", RP_ERR_ARGUMENT},
        {"plot.JPG", "png", RP_ERR_ARGUMENT},
        {"plot", "svg", RP_OK},
        {"/tmp/a.png/plot", "svg", RP_OK},
        {"run.2026-11", "json", RP_OK},
        {"a.svg.json", "svg html", RP_ERR_ARGUMENT},
        {"plot.htm", "html", RP_ERR_ARGUMENT},
        {"plot.", "svg", RP_OK},
        {"/dev/stdout", "npy", RP_OK},
        {".png", "svg", RP_ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rp_error error;
        rpi_error_clear(&error);
        rp_status status = rpi_output_check_ending(cases[i].path, cases[i].endings, &error);
        ck_assert_msg(status == cases[i].expected, "%s: %s", cases[i].path, error.text);
    }
    rp_error error;
    rpi_output_check_ending("x.png", "svg html", &error);
    ck_assert_str_eq(error.text,
                     "'x.png' is a name for another format: give one that ends in .svg or .html");
}
END_TEST

static const struct test_case cases[] = {
    {"every status has a text", &statuses_have_texts},
    {"exit codes", &exit_codes},
    {"the version names library and MPI", &version_names_library_and_mpi},
    {"long error texts are cut", &long_error_texts_are_cut},
    {"integers are parsed whole", &integers_are_parsed_whole},
    {"numbers are parsed whole", &numbers_are_parsed_whole},
    {"the environment says what is wrong", &environment_says_what_is_wrong},
    {"buffers grow and keep their content", &buffers_grow_and_keep_their_content},
    {"poison is NaN and knows its key", &poison_is_nan_and_knows_its_key},
    {"mapped bytes end where memory does", &mapped_bytes_end_where_memory_does},
    {"cores respect limits", &cores_respect_limits},
    {"a limit of file size is an error", &a_limit_of_file_size_is_an_error},
    {"the signal of that limit stays the program's", &the_signal_of_that_limit_stays_the_programs},
    {"names of other formats are refused", &names_of_other_formats_are_refused},
    {NULL, NULL},
};
const struct test_group base_tests = {"base", cases};
