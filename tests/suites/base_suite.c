/* base/: what needs no ranks. */
#include "suites.h"

#include "base/buffer.h"
#include "base/cores.h"
#include "base/environment.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

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

static const struct test_case cases[] = {
    {"every status has a text", &statuses_have_texts},
    {"exit codes", &exit_codes},
    {"the version names library and MPI", &version_names_library_and_mpi},
    {"long error texts are cut", &long_error_texts_are_cut},
    {"integers are parsed whole", &integers_are_parsed_whole},
    {"the environment says what is wrong", &environment_says_what_is_wrong},
    {"buffers grow and keep their content", &buffers_grow_and_keep_their_content},
    {"cores respect limits", &cores_respect_limits},
    {NULL, NULL},
};
const struct test_group base_tests = {"base", cases};
