/* The journal: entries that were written are read back; damaged, torn or missing ones are not. */
#include "suites.h"

#include "checkpoint/journal_reader.h"
#include "checkpoint/journal_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ENTRIES = 20
};

/* Entry i of a test has i * 7 bytes, starting with byte i. */
static unsigned char payload[ENTRIES * 8];

static struct journal_entry entry(int i)
{
    return (struct journal_entry){.job = i / 5,
                                  .begin = 100 * i,
                                  .end = 100 * i + 100,
                                  .kind = 1,
                                  .attempt = (uint32_t)i % 3,
                                  .bytes = (size_t)i * 7,
                                  .payload = payload + i};
}

static bool equal(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->job == b->job && a->begin == b->begin && a->end == b->end && a->kind == b->kind &&
           a->attempt == b->attempt && a->bytes == b->bytes &&
           memcmp(a->payload, b->payload, a->bytes) == 0;
}

/* Number of times that each entry was read. */
struct seen {
    int times[ENTRIES];
};

static void see(const struct journal_entry *read, void *closure)
{
    struct seen *seen = closure;
    int i = (int)(read->begin / 100);
    if (i < 0 || i >= ENTRIES)
        ck_abort_msg("entry %d of %d", i, ENTRIES);
    struct journal_entry written = entry(i);
    if (!equal(read, &written))
        ck_abort_msg("entry %d is not what was written", i);
    seen->times[i]++;
}

static void name_file(char *path, size_t size, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/rankpool-%s-%d-%d", folder != NULL ? folder : "/tmp", name,
             (int)getpid(), world_rank());
    unlink(path);
}

static void fill_payload(void)
{
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (unsigned char)(i * 31 % 251);
}

static const struct journal_head head = {.seed = 12345, .fingerprint = 678};

/* Writes the entries; returns the file's content. */
static unsigned char *write_all(size_t *bytes)
{
    char path[256];
    struct journal_writer writer;
    fill_payload();
    name_file(path, sizeof path, "journal");
    ck_assert_int_eq(rpi_journal_begin(&writer, path, &head, 0, 0), RP_OK);
    for (int i = 0; i < ENTRIES; i++) {
        struct journal_entry one = entry(i);
        ck_assert_int_eq(rpi_journal_add(&writer, &one), RP_OK);
        if (i == 7)
            ck_assert_int_eq(rpi_journal_flush(&writer), RP_OK);
    }
    ck_assert_int_eq(rpi_journal_end(&writer), RP_OK);
    *bytes = (size_t)writer.bytes;
    unsigned char *content = malloc(*bytes);
    FILE *file = fopen(path, "rb");
    ck_assert(content != NULL && file != NULL);
    ck_assert_uint_eq(fread(content, 1, *bytes, file), *bytes);
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
    unlink(path);
    return content;
}

static int sum_of(const struct seen *seen)
{
    int sum = 0;
    for (int i = 0; i < ENTRIES; i++)
        sum += seen->times[i];
    return sum;
}

START_TEST(what_was_written_is_read)
{
    size_t bytes;
    struct seen seen = {{0}};
    struct journal_report report;
    unsigned char *content = write_all(&bytes);
    ck_assert(rpi_journal_scan(content, bytes, see, &seen, &report));
    ck_assert_uint_eq(report.head.seed, head.seed);
    ck_assert_uint_eq(report.head.fingerprint, head.fingerprint);
    ck_assert_int_eq(report.entries, ENTRIES);
    ck_assert_int_eq(report.corrupt, 0);
    ck_assert_uint_eq(report.tail_bytes, 0);
    for (int i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(seen.times[i], 1);
    free(content);
}
END_TEST

/* Wherever the file is cut, all entries before the cut are read. */
START_TEST(a_torn_tail_is_left_out)
{
    size_t bytes;
    unsigned char *content = write_all(&bytes);
    size_t end = JOURNAL_HEAD_BYTES; /* number of complete entries */
    int whole = 0;
    for (size_t cut = JOURNAL_HEAD_BYTES; cut <= bytes; cut++) {
        struct seen seen = {{0}};
        struct journal_report report;
        if (whole < ENTRIES && cut == end + JOURNAL_HEAD_BYTES + entry(whole).bytes) {
            end = cut;
            whole++;
        }
        unsigned char *torn = malloc(cut); /* exact size, so that a sanitizer detects reads past the
                                            * end */
        memcpy(torn, content, cut);
        ck_assert(rpi_journal_scan(torn, cut, see, &seen, &report));
        free(torn);
        if (report.entries != whole || sum_of(&seen) != whole || report.good_bytes != end)
            ck_abort_msg("cut at %zu of %zu", cut, bytes);
    }
    free(content);
}
END_TEST

/* One damaged byte costs at most one entry, and no entry is wrong. */
START_TEST(a_spoilt_byte_costs_one_entry)
{
    size_t bytes;
    unsigned char *content = write_all(&bytes);
    for (size_t at = 0; at < bytes; at++) {
        struct seen seen = {{0}};
        struct journal_report report;
        content[at] ^= (unsigned char)(1 + at % 255);
        bool journal = rpi_journal_scan(content, bytes, see, &seen, &report);
        content[at] ^= (unsigned char)(1 + at % 255);
        if (journal != (at >= JOURNAL_HEAD_BYTES))
            ck_abort_msg("the head, spoilt at %zu", at);
        if (journal && (sum_of(&seen) != ENTRIES - 1 || report.corrupt > 1))
            ck_abort_msg("spoilt at %zu of %zu", at, bytes);
    }
    free(content);
}
END_TEST

/* A payload that is a journal itself is read as a payload, even if the entries around it are
 * damaged. */
START_TEST(a_journal_within_a_journal_is_data)
{
    size_t bytes;
    char path[256];
    struct journal_writer writer;
    struct seen seen = {{0}};
    struct journal_report report;
    rp_error error;
    unsigned char *content = write_all(&bytes);
    name_file(path, sizeof path, "outer");
    ck_assert_int_eq(rpi_journal_begin(&writer, path, &(struct journal_head){99, 1}, 0, 0), RP_OK);
    struct journal_entry outer = {.bytes = bytes, .payload = content};
    ck_assert_int_eq(rpi_journal_add(&writer, &outer), RP_OK);
    writer.buffer.data[8] ^= 1;
    ck_assert_int_eq(rpi_journal_end(&writer), RP_OK);
    ck_assert_int_eq(rpi_journal_read(path, see, &seen, &report, &error), RP_OK);
    ck_assert_int_eq(report.entries, 0);
    ck_assert_int_eq(sum_of(&seen), 0);
    unlink(path);
    free(content);
}
END_TEST

START_TEST(files_that_are_no_journal)
{
    char path[256];
    struct seen seen = {{0}};
    struct journal_report report;
    rp_error error;
    name_file(path, sizeof path, "none");
    ck_assert_int_eq(rpi_journal_read(path, see, &seen, &report, &error), RP_ERR_IO);
    ck_assert(strstr(error.text, path) != NULL);
    FILE *file = fopen(path, "w");
    ck_assert_int_eq(rpi_journal_read(path, see, &seen, &report, &error), RP_ERR_IO);
    for (int i = 0; i < 1000; i++)
        fputs("nonsense", file);
    fclose(file);
    ck_assert_int_eq(rpi_journal_read(path, see, &seen, &report, &error), RP_ERR_IO);
    ck_assert_int_eq(rpi_journal_read("/", see, &seen, &report, &error), RP_ERR_IO);
    unlink(path);
}
END_TEST

/* Entries whose range begins at -1 belong to the filler. */
static void see_some(const struct journal_entry *read, void *closure)
{
    if (read->begin >= 0)
        see(read, closure);
}

/* A journal larger than the read buffer, with holes and a damaged part. */
START_TEST(a_large_journal_is_read_in_parts)
{
    static unsigned char large[3 << 20];
    char path[256];
    struct journal_writer writer;
    struct journal_report report;
    struct seen seen = {{0}};
    rp_error error;
    fill_payload();
    name_file(path, sizeof path, "large");
    ck_assert_int_eq(rpi_journal_begin(&writer, path, &head, 0, 0), RP_OK);
    for (int i = 0; i < ENTRIES; i++) {
        struct journal_entry one = entry(i), other = {.begin = -1, .payload = large};
        other.bytes = i == 9 ? sizeof large : (size_t)i * 12345;
        ck_assert_int_eq(rpi_journal_add(&writer, &one), RP_OK);
        ck_assert_int_eq(rpi_journal_add(&writer, &other), RP_OK);
    }
    ck_assert_int_eq(rpi_journal_flush(&writer), RP_OK);
    int64_t bytes = writer.bytes;
    ck_assert_int_eq(rpi_journal_end(&writer), RP_OK);
    /* Entries continue behind a hole. */
    int file = open(path, O_RDWR);
    unsigned char again[JOURNAL_HEAD_BYTES + 7];
    struct journal_entry one = entry(1);
    rpi_journal_write_entry(&one, head.seed, again);
    memcpy(again + JOURNAL_HEAD_BYTES, one.payload, one.bytes);
    off_t behind = ((off_t)32 << 30) + 4093;
    ck_assert_int_eq(pwrite(file, again, sizeof again, behind), (ssize_t)sizeof again);
    ck_assert_int_eq(ftruncate(file, (off_t)64 << 30), 0);
    ck_assert_int_eq(pwrite(file, "?", 1, 100), 1); /* within entry 0 or the entry behind it */
    close(file);
    ck_assert_int_eq(rpi_journal_read(path, see_some, &seen, &report, &error), RP_OK);
    unlink(path);
    ck_assert_int_eq(report.entries, 2 * ENTRIES);
    ck_assert_int_eq(report.good_bytes, (size_t)behind + sizeof again);
    ck_assert_int_ge(report.good_bytes, (size_t)bytes);
    for (int i = 1; i < ENTRIES; i++)
        ck_assert_int_eq(seen.times[i], i == 1 ? 2 : 1);
}
END_TEST

/* A full disk is reported once, and nothing more is written. */
START_TEST(a_full_disk_ends_the_journal)
{
    char path[256];
    struct journal_writer writer;
    struct rlimit before, small = {.rlim_cur = 500};
    struct seen seen = {{0}};
    struct journal_report report;
    rp_error error;
    fill_payload();
    name_file(path, sizeof path, "full");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    rp_status begun = rpi_journal_begin(&writer, path, &head, 0, 0), flushed = RP_OK;
    for (int i = 0; i < ENTRIES; i++) {
        struct journal_entry one = entry(i);
        rpi_journal_add(&writer, &one);
        flushed = rpi_journal_flush(&writer);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    ck_assert_int_eq(begun, RP_OK);
    ck_assert_int_eq(flushed, RP_ERR_IO);
    ck_assert_int_eq(rpi_journal_end(&writer), RP_ERR_IO);
    ck_assert_int_eq(rpi_journal_read(path, see, &seen, &report, &error), RP_OK);
    ck_assert_int_gt(report.entries, 1);
    ck_assert_int_eq(sum_of(&seen), (int)report.entries);
    unlink(path);
    ck_assert_int_eq(rpi_journal_begin(&writer, "/no/such/folder/journal", &head, 0, 0), RP_ERR_IO);
    ck_assert(!journal_due(&writer, 1e9));
}
END_TEST

START_TEST(a_journal_that_is_removed_is_noticed)
{
    char path[256];
    struct journal_writer writer;
    struct journal_entry one = entry(3);
    fill_payload();
    name_file(path, sizeof path, "removed");
    ck_assert_int_eq(rpi_journal_begin(&writer, path, &head, 0, 0), RP_OK);
    ck_assert_int_eq(rpi_journal_add(&writer, &one), RP_OK);
    ck_assert_int_eq(rpi_journal_write(&writer), RP_OK);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rpi_journal_add(&writer, &one), RP_OK);
    ck_assert_int_eq(rpi_journal_write(&writer), RP_ERR_IO);
    ck_assert(strstr(writer.error.text, "removed") != NULL);
    ck_assert(!journal_due(&writer, 1e9));
    ck_assert_int_eq(rpi_journal_end(&writer), RP_ERR_IO);
}
END_TEST

/* Rare if a write is expensive, and never more than half a percent of the time. */
START_TEST(a_journal_is_written_at_the_best_intervals)
{
    struct journal_interval interval = {.cost = 0};
    rpi_journal_schedule(&interval, 1e-9, 100, 1, 60); /* sqrt(2 * 1e-9 * 86400) = 0.013 */
    ck_assert_double_eq_tol(interval.next, 101, 1e-9);
    interval.cost = 0;
    rpi_journal_schedule(&interval, 1e-3, 100, 1, 60);
    ck_assert_double_eq_tol(interval.next, 113.145, 1e-3);
    interval.cost = 0;
    rpi_journal_schedule(&interval, 0.1, 100, 1, 60);
    ck_assert_double_eq_tol(interval.next, 160, 1e-9);
    rpi_journal_schedule(&interval, 3.9, 100, 1, 60);
    ck_assert_double_eq_tol(interval.cost, 2, 1e-9);
    ck_assert_double_eq_tol(interval.next, 500, 1e-9);
}
END_TEST

static const struct test_case cases[] = {
    {"what was written is read", &what_was_written_is_read},
    {"a torn tail is left out", &a_torn_tail_is_left_out},
    {"a spoilt byte costs one entry", &a_spoilt_byte_costs_one_entry},
    {"a journal within a journal is data", &a_journal_within_a_journal_is_data},
    {"files that are no journal", &files_that_are_no_journal},
    {"a large journal is read in parts", &a_large_journal_is_read_in_parts},
    {"a full disk ends the journal", &a_full_disk_ends_the_journal},
    {"a journal that is removed is noticed", &a_journal_that_is_removed_is_noticed},
    {"it is written at the best intervals", &a_journal_is_written_at_the_best_intervals},
    {NULL, NULL},
};

const struct test_group checkpoint_journal_tests = {"checkpoint_journal", cases};
