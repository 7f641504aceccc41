#include "wild_journals.h"

#include "checkpoint/journal_format.h"
#include "fuzz.h"
#include "same_random.h"
#include "stream/save.h"
#include "stream/slot_queue.h"

#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_ENTRIES = 64, /* per journal */
    MOST_PAYLOAD = 16384,
    JOURNAL_BYTES = 2 * JOBS * 256 + MOST_ENTRIES * (MOST_PAYLOAD + JOURNAL_HEAD_BYTES)
};

struct job_form forms[JOBS];
uint64_t written;

/* ---- expected results ------------------------------------------------------------------------ */

unsigned char byte_of(int64_t item, uint64_t place)
{
    return (unsigned char)(mix_word((uint64_t)item) + place);
}

struct partial partial_of(rp_range items)
{
    struct partial partial = {items.begin, items.end, 0};
    bool few = items.begin >= 0 && items.end <= MOST_ITEMS;
    for (int64_t item = items.begin; few && item < items.end; item++)
        partial.sum += mix_word((uint64_t)item);
    return partial;
}

/* ---- packets of the stream ------------------------------------------------------------------- */

static size_t input_bytes(int64_t item)
{
    return (size_t)(mix_word((uint64_t)item ^ 77) % 40);
}

size_t result_bytes(int64_t item)
{
    return (size_t)(mix_word((uint64_t)item ^ 99) % 60);
}

/* Every seventh result is stored separately, as one that does not fit the packet is. */
static bool is_large(int64_t item)
{
    return item % 7 == 3;
}

void fill(void *to, int64_t item, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)to)[i] = byte_of(item, i);
}

struct packet *packet_of(int64_t first, int64_t items)
{
    struct packet *packet = rpi_packet_make();
    packet->first = first;
    for (; packet->items < items; packet->items++) {
        size_t room, bytes = input_bytes(first + packet->items);
        fill(area_room(&packet->area, 0, &room), first + packet->items, bytes);
        area_add(&packet->area, false, bytes);
    }
    return packet;
}

/* The payload of an entry, as rpi_stream_saving_add() makes it. */
static size_t stream_payload(unsigned char *payload, rp_range items, uint64_t inputs)
{
    uint64_t *head = (uint64_t *)(void *)payload;
    static unsigned char large[MOST_PAYLOAD];
    uint64_t large_bytes = 0;
    struct area area = {(char *)payload + 3 * sizeof *head, 0, MOST_PAYLOAD / 2};
    for (int64_t item = items.begin; item < items.end; item++) {
        size_t room, bytes = result_bytes(item);
        if (is_large(item)) {
            fill(large + large_bytes, item, bytes);
            area_refer(&area, false, bytes, large_bytes);
            large_bytes += bytes;
        } else {
            fill(area_room(&area, 0, &room), item, bytes);
            area_add(&area, false, bytes);
        }
    }
    head[0] = inputs;
    head[1] = area.used;
    head[2] = large_bytes;
    memcpy(area.base + area.used, large, large_bytes);
    return 3 * sizeof *head + area.used + large_bytes;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Numbers at which something may overflow, and those near the right one. */
static int64_t wild_number(int64_t near, int64_t n)
{
    const int64_t some[] = {INT64_MIN,
                            INT64_MIN + 1,
                            -1,
                            0,
                            1,
                            n - 1,
                            n,
                            n < INT64_MAX ? n + 1 : 2,
                            INT64_C(1) << 32,
                            (INT64_C(1) << 60) + 1,
                            INT64_C(1) << 61,
                            (int64_t)((UINT64_C(1) << 61) + (uint64_t)near),
                            INT64_MAX - 1,
                            INT64_MAX};
    switch (fuzz_below(4)) {
    case 0:
        return some[fuzz_below(sizeof some / sizeof some[0])];
    case 1:
        return (int64_t)((uint64_t)near + fuzz_below(7) - 3);
    case 2:
        return (int64_t)(fuzz_random() >> fuzz_below(64));
    default:
        return -(int64_t)(fuzz_random() >> (1 + fuzz_below(63)));
    }
}

int64_t up_to(int64_t most)
{
    return most > 0 ? (int64_t)fuzz_below((uint64_t)most + 1) : 0;
}

/* Items as an entry of the job may have them. */
static rp_range right_items(int job)
{
    const struct job_form *form = &forms[job];
    int64_t n = job == STREAM ? MOST_ITEMS : form->n, begin = up_to(n - 1);
    if (job != REDUCE && job != HUGE_REDUCE) {
        int64_t most = job == STREAM ? 40 : n;
        int64_t length = 1 + up_to(n - begin - 1);
        return (rp_range){begin, begin + (length < most ? length : most)};
    }
    int64_t leaves = (n - 1) / form->leaf + 1, count = 1;
    int64_t first = begin / form->leaf;
    for (int times = (int)fuzz_below(8); times > 0 && count <= leaves / 2; times--)
        count *= 2;
    first -= first % count;
    while (first + count > leaves)
        count /= 2;
    bool last = first + count == leaves;
    return (rp_range){first * form->leaf, last ? n : (first + count) * form->leaf};
}

static int64_t moved(int64_t item, int64_t by)
{
    return (int64_t)((uint64_t)item + (uint64_t)by);
}

static void make_wild(struct journal_entry *entry, int64_t n, int64_t leaf)
{
    switch (fuzz_below(8)) {
    case 0:
        entry->begin = wild_number(entry->begin, n);
        break;
    case 1:
        entry->end = wild_number(entry->end, n);
        break;
    case 2:
        entry->begin = wild_number(entry->begin, n);
        entry->end = wild_number(entry->begin, n);
        break;
    case 3: /* whole leaves, but not a node of the tree */
        entry->begin = moved(entry->begin, leaf);
        entry->end = moved(entry->end, leaf);
        break;
    case 4:
        entry->end = moved(entry->end, leaf);
        break;
    case 5:
        entry->kind = (uint32_t)(fuzz_below(2) == 0 ? fuzz_below(8) : fuzz_random());
        break;
    case 6:
        entry->job = fuzz_below(2) == 0 ? (int64_t)fuzz_below(JOBS) : wild_number(entry->job, n);
        break;
    default:
        break; /* its length or its payload */
    }
}

/* Makes a payload for an entry's fields, as far as they are meaningful. */
static void make_payload(struct journal_entry *entry, unsigned char *payload)
{
    static rp_pool any; /* a stream with a pool is saved */
    rp_range items = {entry->begin, entry->end};
    bool ordinary = items.begin >= 0 && items.begin < items.end && items.end < INT64_MAX / 2;
    int64_t length = ordinary ? items.end - items.begin : 1;
    size_t size = (size_t)forms[MAP].out_bytes;
    entry->payload = payload;
    if (entry->kind == JOURNAL_ITEMS) {
        entry->bytes = length <= MOST_ITEMS ? (size_t)length * size : size;
        for (size_t i = 0; i < entry->bytes; i++)
            payload[i] = byte_of((int64_t)((uint64_t)items.begin + i / size), i % size);
    } else if (entry->kind == JOURNAL_LEAVES) {
        struct partial partial = partial_of(items);
        entry->bytes = sizeof partial;
        memcpy(payload, &partial, sizeof partial);
    } else if (entry->kind == JOURNAL_RESULT && ordinary && length <= 40) {
        struct packet *packet = packet_of(items.begin, length);
        rpi_stream_saving_note(&(struct job_saving){.pool = &any}, packet);
        entry->bytes =
            stream_payload(payload, (rp_range){items.begin, items.begin + length}, packet->inputs);
        rpi_packet_free(packet);
    } else {
        entry->bytes = 16 + fuzz_below(100);
        memcpy(payload, &items.begin, 8);
        memcpy(payload + 8, &items.end, 8);
        fill(payload + 16, items.begin, entry->bytes - 16);
    }
}

/* A wrong length, or, in a stream's payload, wrong numbers: in its head, in the first record, or
 * anywhere. */
static void make_wild_payload(struct journal_entry *entry, unsigned char *payload)
{
    if (fuzz_below(3) == 0) {
        size_t bytes = fuzz_below(2) == 0 ? entry->bytes + fuzz_below(3) - 1 : fuzz_below(200);
        entry->bytes = bytes < MOST_PAYLOAD ? bytes : 0;
    } else if (entry->kind == JOURNAL_RESULT && entry->bytes >= 32) {
        size_t at =
            fuzz_below(2) == 0 ? 8 + 8 * fuzz_below(6) : 8 + 8 * fuzz_below(entry->bytes / 8 - 1);
        int64_t number;
        if (at + 8 > entry->bytes)
            return;
        memcpy(&number, payload + at, 8);
        number = wild_number(number, (int64_t)entry->bytes);
        memcpy(payload + at, &number, 8);
    }
}

/* Positions of stream entries whose payload was changed: any content is possible there. */
static struct changed {
    int64_t run;
    uint64_t offset;
} changed[RUNS * MOST_ENTRIES];
static int changes;

bool is_changed(const struct saved *entry)
{
    bool found = false;
    for (int i = 0; i < changes; i++)
        found = found || (changed[i].run == entry->run && changed[i].offset == entry->offset);
    return found;
}

/* ---- journals -------------------------------------------------------------------------------- */

static unsigned char journal[JOURNAL_BYTES];
static size_t journal_bytes;

static void append(const struct journal_entry *entry, uint64_t seed)
{
    rpi_journal_write_entry(entry, seed, journal + journal_bytes);
    memcpy(journal + journal_bytes + JOURNAL_HEAD_BYTES, entry->payload, entry->bytes);
    journal_bytes += JOURNAL_HEAD_BYTES + entry->bytes;
    written++;
}

/* A length that differs from the payload's, with a correct checksum of the head. */
static void lie_about_length(size_t at, uint64_t seed)
{
    const size_t length = 32, checksum = 56; /* their offsets in the head */
    uint64_t bytes = (uint64_t)wild_number((int64_t)(journal_bytes - at), (int64_t)journal_bytes);
    memcpy(journal + at + length, &bytes, sizeof bytes);
    uint64_t sum = rp_fingerprint(seed, journal + at, checksum);
    memcpy(journal + at + checksum, &sum, sizeof sum);
}

static void append_form(int job, uint64_t seed, bool wild)
{
    struct job_form form = forms[job];
    int64_t number;
    size_t at = 8 * fuzz_below(sizeof form / 8);
    memcpy(&number, (char *)&form + at, 8);
    number = wild_number(number, form.n);
    if (wild)
        memcpy((char *)&form + at, &number, 8);
    append(
        &(struct journal_entry){
            .job = job, .end = 1, .kind = JOURNAL_FORM, .bytes = sizeof form, .payload = &form},
        seed);
}

static void append_any(int64_t run, uint64_t seed)
{
    alignas(16) static unsigned char payload[MOST_PAYLOAD];
    int job = 1 + (int)fuzz_below(JOBS - 1);
    rp_range items = right_items(job);
    struct journal_entry entry = {
        .job = job, .begin = items.begin, .end = items.end, .kind = (uint32_t)forms[job].kind};
    bool wild = fuzz_below(2) == 0;
    for (uint64_t times = wild ? 1 + fuzz_below(3) : 0; times > 0; times--)
        make_wild(&entry, forms[job].n, forms[job].leaf);
    make_payload(&entry, payload);
    size_t at = journal_bytes;
    if (wild && fuzz_below(3) == 0) {
        changed[changes++] = (struct changed){run, at};
        make_wild_payload(&entry, payload);
    }
    append(&entry, seed);
    if (wild && fuzz_below(20) == 0)
        lie_about_length(at, seed);
}

void write_journal(const char *directory, int64_t run)
{
    char path[PATH_MAX];
    struct journal_head head = {.seed = fuzz_random()};
    rpi_journal_write_head(&head, journal);
    journal_bytes = JOURNAL_HEAD_BYTES;
    for (int job = 1; job < JOBS; job++) {
        append_form(job, head.seed, fuzz_below(60) == 0);
        append_form(job, head.seed, fuzz_below(60) == 0);
    }
    for (uint64_t entries = fuzz_below(MOST_ENTRIES); entries > 0; entries--)
        append_any(run, head.seed);
    rpi_journal_name(directory, run, 0, path, sizeof path);
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file != NULL && fwrite(journal, 1, journal_bytes, file) == journal_bytes);
    FUZZ_CHECK(fclose(file) == 0);
}

void forget_journals(void)
{
    changes = 0;
}
