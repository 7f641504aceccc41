/* The journal's reader on files with every kind of damage: an entry that it accepts must be one
 * that was written.
 *
 * usage: tests/fuzz/journal [JOURNALS [SEED]] */
#include "fuzz.h"

#include "checkpoint/journal_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES = 30,
    MOST_BYTES = 1 << 16
};

static unsigned char written[MOST_BYTES], spoilt[2 * MOST_BYTES];
static size_t written_bytes;
static size_t begins[ENTRIES + 1]; /* of the entries in `written` */
static uint64_t runs, taken;

static size_t below(size_t bound)
{
    return (size_t)fuzz_below(bound);
}

static void write_journal(void)
{
    static unsigned char payload[1000];
    struct journal_head head = {.seed = fuzz_random(), .fingerprint = fuzz_random()};
    rpi_journal_write_head(&head, written);
    written_bytes = JOURNAL_HEAD_BYTES;
    for (int i = 0; i < ENTRIES; i++) {
        struct journal_entry entry = {
            .job = i, .begin = i, .end = i + 1, .bytes = below(sizeof payload), .payload = payload};
        for (size_t j = 0; j < entry.bytes; j++)
            payload[j] = (unsigned char)fuzz_random();
        /* Some payloads look like the journal itself. */
        if (i % 5 == 4 && entry.bytes < written_bytes)
            memcpy(payload, written, entry.bytes);
        begins[i] = written_bytes;
        rpi_journal_write_entry(&entry, head.seed, written + written_bytes);
        memcpy(written + written_bytes + JOURNAL_HEAD_BYTES, payload, entry.bytes);
        written_bytes += JOURNAL_HEAD_BYTES + entry.bytes;
    }
    begins[ENTRIES] = written_bytes;
}

/* Flips, overwrites, cuts out, duplicates or moves some bytes. */
static size_t spoil(size_t bytes)
{
    size_t from = below(bytes), length = 1 + below(bytes - from < 200 ? bytes - from : 200);
    if (from + length > bytes)
        return bytes;
    switch (fuzz_random() % 6) {
    case 0:
        spoilt[from] ^= (unsigned char)(1 << below(8));
        return bytes;
    case 1:
        for (size_t i = 0; i < length; i++)
            spoilt[from + i] = (unsigned char)fuzz_random();
        return bytes;
    case 2:
        memmove(spoilt + from, spoilt + from + length, bytes - from - length);
        return bytes - length;
    case 3:
        if (bytes + length > sizeof spoilt)
            return bytes;
        memmove(spoilt + from + length, spoilt + from, bytes - from);
        return bytes + length;
    case 4:
        memmove(spoilt + below(bytes - length), spoilt + from, length);
        return bytes;
    default:
        return from;
    }
}

static void check(const struct journal_entry *entry, void *closure)
{
    (void)closure;
    taken++;
    if (entry->job >= 0 && entry->job < ENTRIES) {
        size_t begin = begins[entry->job], end = begins[entry->job + 1];
        size_t bytes = end - begin - JOURNAL_HEAD_BYTES;
        if (entry->begin == entry->job && entry->end == entry->job + 1 && entry->bytes == bytes &&
            memcmp(entry->payload, written + begin + JOURNAL_HEAD_BYTES, bytes) == 0)
            return;
    }
    fuzz_fail("an entry that nobody wrote", __FILE__, __LINE__);
}

static void run(void)
{
    struct journal_report report;
    memcpy(spoilt, written, written_bytes);
    size_t bytes = written_bytes;
    for (size_t times = 1 + below(8); times > 0 && bytes > 0; times--)
        bytes = spoil(bytes);
    unsigned char *exact = malloc(bytes > 0 ? bytes : 1); /* so that a sanitizer sees the end */
    memcpy(exact, spoilt, bytes);
    rpi_journal_scan(exact, bytes, check, NULL, &report);
    free(exact);
    runs++;
}

int main(int argc, char **argv)
{
    uint64_t wanted = fuzz_begin(argc, argv, 10000);
    while (runs < wanted) {
        write_journal();
        for (int i = 0; i < 1000; i++)
            run();
    }
    printf("ok: %" PRIu64 " spoilt journals, %" PRIu64 " entries\n", runs, taken);
    return EXIT_SUCCESS;
}
