/* The parsers of numbers, environment variables and small files, on random texts and on valid ones
 * with mistakes: an accepted value must be in range and mean the same when it is written again; a
 * refused one must change nothing. Run it with sanitizers.
 *
 * usage: tests/fuzz/parsers [TEXTS [SEED]] */
#include "fuzz.h"

#include "base/cpuset.h"
#include "base/environment.h"
#include "base/error.h"
#include "checkpoint/manifest.h"
#include "common/number.h"
#include "fractal/double_double.h"
#include "launch/environment.h"
#include "launch/launch.h"
#include "observe/progress.h"
#include "sched/chunk_policy.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_TEXT = 300,
    PARSERS = 10
};

static uint64_t accepted[PARSERS];

/* ---- texts ----------------------------------------------------------------------------------- */

static const char *const right[] = {"0",
                                    "1",
                                    "16",
                                    "65536",
                                    "-1",
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    "18446744073709551615",
                                    "1e10",
                                    "10^9",
                                    "2^32",
                                    "2^64-1",
                                    "1e12-1",
                                    "1.5e3",
                                    "(2^10+1)*3",
                                    "7%4/2",
                                    "-2^2+5",
                                    "((((1))))",
                                    "2^3^2",
                                    ".5e1",
                                    "0e99999999999",
                                    "2**64 - 1",
                                    "1^(10^30)",
                                    "0.5",
                                    "60",
                                    "1e300",
                                    "1e-320",
                                    "0x1p3",
                                    "inf",
                                    "nan",
                                    "1e999",
                                    "-0",
                                    "adaptive",
                                    "static",
                                    "dynamic,1",
                                    "guided",
                                    "factoring,100",
                                    "dynamic,9223372036854775807",
                                    "on",
                                    "off",
                                    "10",
                                    "max 100000",
                                    "150000 100000",
                                    "-0.75",
                                    "1e-99999999999999999999",
                                    "3.14159265358979323846"};

/* A character that is significant to one of the parsers, or any. */
static char draw_character(void)
{
    static const char known[] = "0123456789000999+-*/%^().,eE xXpPinfa\t";
    return fuzz_below(5) > 0 ? known[fuzz_below(sizeof known - 1)] : (char)(1 + fuzz_below(255));
}

static void mutate(char *text)
{
    size_t length = strlen(text), at = fuzz_below(length + 1), count = 1 + fuzz_below(20);
    switch (fuzz_below(5)) {
    case 0: /* another character */
        if (at < length)
            text[at] = draw_character();
        break;
    case 1: /* one more, */
    case 2: /* or the same many times */
        count = fuzz_below(2) == 0 ? 1 : count;
        if (length + count >= MOST_TEXT)
            break;
        memmove(text + at + count, text + at, length + 1 - at);
        memset(text + at, draw_character(), count);
        break;
    case 3: /* fewer */
        count = count < length - at ? count : length - at;
        memmove(text + at, text + at + count, length + 1 - at - count);
        break;
    default: /* a part of another text appended */
        if (length + 24 < MOST_TEXT)
            snprintf(text + length, 24, "%s", right[fuzz_below(sizeof right / sizeof right[0])]);
        break;
    }
}

static void draw_text(char text[MOST_TEXT])
{
    size_t length = fuzz_below(30);
    if (fuzz_below(8) == 0) {
        for (size_t i = 0; i < length; i++)
            text[i] = draw_character();
        text[length] = '\0';
        return;
    }
    snprintf(text, MOST_TEXT, "%s", right[fuzz_below(sizeof right / sizeof right[0])]);
    for (uint64_t times = fuzz_below(4); times > 0; times--)
        mutate(text);
}

/* ---- parsers: each returns whether the text was accepted ------------------------------------- */

static bool is_plain(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == '\0';
}

static bool fuzz_number(const char *text)
{
    char problem[NUMBER_PROBLEM_SIZE] = "", again[32];
    uint64_t value = 42, same;
    bool parsed = number_parse(text, &value, problem);
    if (!parsed) {
        FUZZ_CHECK(value == 42 && problem[0] != '\0' && memchr(problem, 0, sizeof problem) != NULL);
    } else {
        snprintf(again, sizeof again, "%" PRIu64, value);
        FUZZ_CHECK(number_parse(again, &same, problem) && same == value);
    }
    if (is_plain(text)) {
        errno = 0;
        uint64_t plain = strtoull(text, NULL, 10);
        FUZZ_CHECK(parsed == (errno == 0) && (!parsed || value == plain));
    }
    return parsed;
}

static int64_t any_integer(void)
{
    int64_t size = (int64_t)(fuzz_random() >> (1 + fuzz_below(63)));
    return fuzz_below(2) == 0 ? size : -size;
}

static bool fuzz_integer(const char *text)
{
    int64_t one = any_integer(), other = any_integer(), value = 42, same;
    int64_t least = one < other ? one : other, most = one < other ? other : one;
    char again[32];
    bool parsed = rpi_parse_integer(text, least, most, &value);
    if (!parsed) {
        FUZZ_CHECK(value == 42);
        return false;
    }
    FUZZ_CHECK(is_plain(text + (text[0] == '-')) && value >= least && value <= most);
    snprintf(again, sizeof again, "%" PRId64, value);
    FUZZ_CHECK(rpi_parse_integer(again, value, value, &same) && same == value);
    return true;
}

/* A refusal names the variable and its value. */
static void check_refusal(const rp_error *error, const char *name)
{
    FUZZ_CHECK(error->status == RP_ERR_ARGUMENT && strstr(error->text, name) != NULL);
    FUZZ_CHECK(memchr(error->text, 0, sizeof error->text) != NULL);
}

static bool fuzz_integer_variable(const char *text)
{
    rp_error error = {.status = RP_OK};
    int64_t value = -42;
    setenv("RANKPOOL_NODE_SIZE", text, 1);
    if (rpi_environment_integer("RANKPOOL_NODE_SIZE", 0, INT_MAX, &value, &error) != RP_OK) {
        FUZZ_CHECK(value == -42);
        check_refusal(&error, "RANKPOOL_NODE_SIZE");
        return false;
    }
    FUZZ_CHECK(text[0] == '\0' ? value == -42 : value >= 0 && value <= INT_MAX);
    return true;
}

static bool fuzz_seconds(const char *text)
{
    rp_error error = {.status = RP_OK};
    double value = -42, same = -42;
    char again[64];
    setenv("RANKPOOL_HEARTBEAT", text, 1);
    if (rpi_environment_seconds("RANKPOOL_HEARTBEAT", &value, &error) != RP_OK) {
        FUZZ_CHECK(value == -42);
        check_refusal(&error, "RANKPOOL_HEARTBEAT");
        return false;
    }
    if (text[0] == '\0')
        return value == -42;
    FUZZ_CHECK(isfinite(value) && value >= 0);
    snprintf(again, sizeof again, "%.17g", value);
    setenv("RANKPOOL_HEARTBEAT", again, 1);
    FUZZ_CHECK(rpi_environment_seconds("RANKPOOL_HEARTBEAT", &same, &error) == RP_OK);
    FUZZ_CHECK(same == value);
    return true;
}

static bool fuzz_schedule(const char *text)
{
    rp_error error = {.status = RP_OK};
    struct schedule_choice choice = {RP_SCHEDULE_GUIDED, 42}, made;
    bool parsed = rpi_schedule_choice_parse(text, &choice);
    if (!parsed)
        FUZZ_CHECK(choice.schedule == RP_SCHEDULE_GUIDED && choice.chunk == 42);
    else
        FUZZ_CHECK((int)choice.schedule >= RP_SCHEDULE_ADAPTIVE &&
                   choice.schedule <= RP_SCHEDULE_FACTORING &&
                   (strchr(text, ',') != NULL ? choice.chunk >= 1 : choice.chunk == 0));
    setenv("RANKPOOL_SCHEDULE", text, 1);
    rp_status status = rpi_schedule_choice_make(&(rp_options){.chunk = 0}, &made, &error);
    if (status != RP_OK)
        check_refusal(&error, "RANKPOOL_SCHEDULE");
    FUZZ_CHECK((status == RP_OK) == (parsed || text[0] == '\0'));
    return parsed;
}

static bool fuzz_progress(const char *text)
{
    rp_error error = {.status = RP_OK};
    struct progress_wish wish;
    setenv("RANKPOOL_PROGRESS", text, 1);
    if (rpi_progress_wish(&wish, &error) != RP_OK) {
        check_refusal(&error, "RANKPOOL_PROGRESS");
        return false;
    }
    FUZZ_CHECK(text[0] == '\0' || wish.on != wish.off);
    FUZZ_CHECK(isfinite(wish.seconds) && wish.seconds >= 0 && (wish.on || wish.seconds == 0));
    return text[0] != '\0';
}

/* A launcher's value is accepted if it can be a rank. */
static bool fuzz_launched(const char *text)
{
    setenv("OMPI_COMM_WORLD_SIZE", text, 1);
    setenv("OMPI_COMM_WORLD_RANK", text, 1);
    int rank = rp_launched_rank();
    FUZZ_CHECK(rank >= -1 && rpi_launched_ranks() == rank &&
               (rank < 0 || is_plain(text + (text[0] == '-'))));
    return rank >= 0;
}

/* A wrong number would end the program, so only valid ones are tried. */
static bool fuzz_ranks_option(const char *text)
{
    char both[32], number[16], other[MOST_TEXT + 8], ranks[] = "--ranks", *arguments[6];
    int count = 0, wanted = 1 + (int)fuzz_below(65536);
    bool apart = fuzz_below(2) == 0;
    snprintf(number, sizeof number, "%d", wanted);
    snprintf(both, sizeof both, "--ranks=%d", wanted);
    snprintf(other, sizeof other, "--rank%s", text[0] == 's' ? "" : text);
    arguments[count++] = other;
    arguments[count++] = other;
    arguments[count++] = apart ? ranks : both;
    if (apart)
        arguments[count++] = number;
    arguments[count++] = other;
    arguments[count] = NULL;
    FUZZ_CHECK(rpi_take_ranks_option(&count, arguments) == wanted);
    FUZZ_CHECK(count == 3 && arguments[2] == other && arguments[3] == NULL);
    return true;
}

static bool fuzz_double_double(const char *text)
{
    struct double_double value;
    const char *end = dd_parse(text, &value);
    FUZZ_CHECK(end == NULL || (end > text && end <= text + strlen(text)));
    return end != NULL;
}

/* The limit of a control group. */
static bool fuzz_limit(const char *text)
{
    int cores = rpi_cores_of_limit(text);
    FUZZ_CHECK(cores >= 0);
    return cores > 0;
}

/* ---- manifests ------------------------------------------------------------------------------- */

static uint64_t manifests, understood;

static struct manifest own = {.program = "primes", .executable = 1, .arguments = 2, .made = true};
static char manifest_path[PATH_MAX], manifest_text[600];
static size_t manifest_bytes;

static void begin_manifests(const char *directory)
{
    rp_error error = {.status = RP_OK};
    FUZZ_CHECK(rpi_manifest_write(&own, directory, &error) == RP_OK);
    snprintf(manifest_path, sizeof manifest_path, "%s/manifest", directory);
    FILE *file = fopen(manifest_path, "rb");
    FUZZ_CHECK(file != NULL);
    manifest_bytes = fread(manifest_text, 1, sizeof manifest_text, file);
    fclose(file);
}

/* A manifest of the library's own, with some bytes changed. */
static void fuzz_manifest(const char *directory)
{
    char text[sizeof manifest_text];
    struct manifest read;
    uint64_t changes = fuzz_below(4);
    memcpy(text, manifest_text, sizeof text);
    for (uint64_t i = 0; i < changes; i++)
        text[fuzz_below(manifest_bytes)] = draw_character();
    FILE *file = fopen(manifest_path, "r+b"); /* truncating it would make ext4 sync it */
    FUZZ_CHECK(file != NULL && fwrite(text, 1, manifest_bytes, file) == manifest_bytes);
    FUZZ_CHECK(fclose(file) == 0);
    bool whole = rpi_manifest_read(&read, directory);
    FUZZ_CHECK(whole || changes > 0);
    if (whole)
        FUZZ_CHECK(strcmp(read.program, own.program) == 0 && read.executable == own.executable &&
                   read.arguments == own.arguments && read.made == own.made);
    manifests++;
    understood += whole;
}

/* ---- main ------------------------------------------------------------------------------------ */

static bool (*const parsers[PARSERS])(const char *text) = {
    fuzz_number,   fuzz_integer,  fuzz_integer_variable, fuzz_seconds,       fuzz_schedule,
    fuzz_progress, fuzz_launched, fuzz_ranks_option,     fuzz_double_double, fuzz_limit};

int main(int argc, char **argv)
{
    char text[MOST_TEXT], directory[] = "/tmp/fuzz_parsers.XXXXXX";
    uint64_t wanted = fuzz_begin(argc, argv, 30000);
    FUZZ_CHECK(mkdtemp(directory) != NULL);
    begin_manifests(directory);
    for (uint64_t i = 0; i < wanted; i++) {
        draw_text(text);
        char *exact = strdup(text); /* exact size, so that a sanitizer detects reads past the end */
        for (int parser = 0; parser < PARSERS; parser++)
            accepted[parser] += parsers[parser](exact);
        free(exact);
        if (i % 100 == 0)
            fuzz_manifest(directory);
    }
    rpi_manifest_remove(directory);
    rmdir(directory);
    printf("ok: %" PRIu64 " texts, accepted", wanted);
    for (int parser = 0; parser < PARSERS; parser++) {
        printf(" %" PRIu64, accepted[parser]);
        FUZZ_CHECK(accepted[parser] > 0);
    }
    printf("; %" PRIu64 " manifests, %" PRIu64 " whole\n", manifests, understood);
    return EXIT_SUCCESS;
}
