/* Checkpoints with journals whose entries have correct checksums and wild fields: nothing may be
 * read or written out of bounds, and every result that a map, a reduction, a loop or a stream
 * accepts must be right. Payloads follow from item numbers, so a wrong byte is detected. Run it
 * with sanitizers.
 *
 * usage: checkpoint_fuzz [ENTRIES [SEED]] */
#include "fuzz.h"

#include "checkpoint/journal_format.h"
#include "engine/save_map.h"
#include "engine/save_reduce.h"
#include "stream/save.h"
#include "stream/slot_queue.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAP = 1, /* the numbers of the jobs */
    REDUCE,
    LOOP,
    STREAM,
    HUGE_REDUCE, /* too many items to compute; only restored ones are checked */
    JOBS,
    RUNS = 3,
    MOST_ITEMS = 600,
    MOST_ENTRIES = 64, /* per journal */
    MOST_PAYLOAD = 16384,
    JOURNAL_BYTES = 2 * JOBS * 256 + MOST_ENTRIES * (MOST_PAYLOAD + JOURNAL_HEAD_BYTES)
};

static struct job_form forms[JOBS];
static char directory[PATH_MAX];
static uint64_t written, rounds, taken[JOBS];
static rp_pool pool;
static struct checkpoint checkpoint;

/* ---- expected results ------------------------------------------------------------------------ */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static unsigned char byte_of(int64_t item, uint64_t place)
{
    return (unsigned char)(mix((uint64_t)item) + place);
}

/* A partial result records which items it covers, so that a wrong combination is detected. */
struct partial {
    int64_t begin, end;
    uint64_t sum;
};

static struct partial partial_of(rp_range items)
{
    struct partial partial = {items.begin, items.end, 0};
    bool few = items.begin >= 0 && items.end <= MOST_ITEMS;
    for (int64_t item = items.begin; few && item < items.end; item++)
        partial.sum += mix((uint64_t)item);
    return partial;
}

static int join(void *left, const void *right, void *closure)
{
    struct partial *into = left, other;
    memcpy(&other, right, sizeof other);
    (void)closure;
    FUZZ_CHECK(into->end == other.begin);
    into->end = other.end;
    into->sum += other.sum;
    return 0;
}

/* ---- packets of the stream ------------------------------------------------------------------- */

static size_t input_bytes(int64_t item)
{
    return (size_t)(mix((uint64_t)item ^ 77) % 40);
}

static size_t result_bytes(int64_t item)
{
    return (size_t)(mix((uint64_t)item ^ 99) % 60);
}

/* Every seventh result is stored separately, as one that does not fit the packet is. */
static bool is_large(int64_t item)
{
    return item % 7 == 3;
}

static void fill(void *to, int64_t item, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)to)[i] = byte_of(item, i);
}

/* A packet with the inputs of `items` items, from `first` on. */
static struct packet *packet_of(int64_t first, int64_t items)
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

static int64_t up_to(int64_t most)
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
        rpi_stream_saving_note(&(struct stream_saving){.pool = &pool}, packet);
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

static bool is_changed(const struct saved *entry)
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

static void write_journal(int64_t run)
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

/* ---- jobs that read the checkpoints ---------------------------------------------------------- */

static int64_t compute_items(struct executor *work, rp_range items, void *const *at)
{
    size_t size = work->arrays[0].size;
    for (int64_t item = items.begin; item < items.end; item++)
        fill((char *)at[0] + (size_t)(item - items.begin) * size, item, size);
    memset(at[1], RP_OK, (size_t)(items.end - items.begin));
    taken[MAP] -= (uint64_t)(items.end - items.begin);
    return items.end - items.begin;
}

/* Runs a job in random pieces of whole leaves. */
static void work_off(struct executor *work, int64_t n, int64_t leaf, char *out, uint8_t *statuses)
{
    for (int64_t begin = 0, end; begin < n; begin = end) {
        end = begin + leaf * (1 + (int64_t)fuzz_below(1 + (uint64_t)(n / leaf)));
        end = end < n ? end : n;
        void *at[MOST_ARRAYS] = {out != NULL ? out + (size_t)begin * work->arrays[0].size : NULL,
                                 statuses != NULL ? statuses + begin : NULL};
        FUZZ_CHECK(rpi_saving_compute(work, (rp_range){begin, end}, at) == end - begin);
    }
}

static void run_map(void)
{
    static struct map_saving saving;
    int64_t n = forms[MAP].n;
    size_t size = (size_t)forms[MAP].out_bytes;
    struct array arrays[] = {{.size = size}, {.size = 1}};
    char *out = malloc((size_t)n * size); /* so that a sanitizer sees the end */
    uint8_t *statuses = fuzz_below(2) == 0 ? malloc((size_t)n) : NULL;
    rpi_map_saving_begin(&saving, &pool, &forms[MAP], 0, 1, true);
    struct executor work = {.pool = &pool,
                            .arrays = arrays,
                            .array_count = 2,
                            .compute = compute_items,
                            .saving = &saving.saving};
    taken[MAP] += (uint64_t)n;
    work_off(&work, n, 1, out, statuses);
    for (int64_t i = 0; i < n * (int64_t)size; i++)
        FUZZ_CHECK((unsigned char)out[i] == byte_of(i / (int64_t)size, (uint64_t)i % size));
    rpi_map_saving_end(&saving, RP_OK);
    free(statuses);
    free(out);
}

static int64_t compute_leaves(struct executor *work, rp_range items, void *const *at)
{
    struct tree *tree = work->closure;
    int64_t leaf = forms[REDUCE].leaf;
    (void)at;
    for (int64_t begin = items.begin; begin < items.end; begin += leaf) {
        int64_t end = begin + leaf < items.end ? begin + leaf : items.end;
        struct partial partial = partial_of((rp_range){begin, end});
        FUZZ_CHECK(rpi_tree_add(tree, (struct tree_node){begin / leaf, 0}, &partial));
    }
    return items.end - items.begin;
}

/* Checks that restored results are in their place. */
static void check_nodes(const struct tree *tree, const struct job_form *form)
{
    for (int64_t i = 0; i < tree->count; i++) {
        struct partial partial;
        memcpy(&partial, rpi_tree_value(tree, i), sizeof partial);
        __extension__ typedef __int128 wide;
        const struct tree_node *node = &tree->nodes[i];
        wide begin = ((wide)node->index << node->level) * form->leaf;
        wide end = ((wide)(node->index + 1) << node->level) * form->leaf;
        FUZZ_CHECK(partial.begin == begin && partial.end == (end < form->n ? end : form->n));
    }
}

static void run_reduce(int job)
{
    const struct job_form *form = &forms[job];
    rp_error error = {.status = RP_OK};
    struct reduce_saving saving;
    struct tree tree = rpi_tree_begin(sizeof(struct partial), join, NULL);
    rpi_reduce_saving_begin(&saving, &pool, form, &tree);
    pool.world.root = 0;
    FUZZ_CHECK(rpi_reduce_saving_restore(&saving, &error) == RP_OK);
    pool.world.root = 1;
    taken[job] += (uint64_t)tree.count;
    check_nodes(&tree, form);
    if (job == REDUCE) {
        struct executor work = {
            .pool = &pool, .compute = compute_leaves, .closure = &tree, .saving = &saving.saving};
        work_off(&work, form->n, form->leaf, NULL, NULL);
        FUZZ_CHECK(rpi_tree_settle(&tree) && rpi_tree_finish(&tree));
        struct partial all = partial_of((rp_range){0, form->n});
        FUZZ_CHECK(memcmp(rpi_tree_value(&tree, 0), &all, sizeof all) == 0);
    } else {
        FUZZ_CHECK(rpi_tree_settle(&tree));
        check_nodes(&tree, form);
    }
    rpi_reduce_saving_end(&saving, RP_OK);
    rpi_tree_end(&tree);
}

static void check_range(rp_loop *loop, rp_range range)
{
    size_t bytes;
    int64_t of[2];
    const unsigned char *saved = rp_loop_saved(loop, &bytes);
    if (saved == NULL)
        return;
    taken[LOOP]++;
    for (size_t i = 0; i < bytes; i++) /* a sanitizer detects missing bytes */
        of[0] = saved[i];
    if (is_changed(loop->saving.entry))
        return;
    FUZZ_CHECK(bytes >= sizeof of);
    memcpy(of, saved, sizeof of);
    FUZZ_CHECK(of[0] == range.begin && of[1] == range.end);
    for (size_t i = 16; i < bytes; i++)
        FUZZ_CHECK(saved[i] == byte_of(range.begin, i - 16));
}

static void run_loop(void)
{
    rp_loop *loop = &pool.loop;
    uint8_t done[MOST_ITEMS] = {0};
    int64_t n = forms[LOOP].n;
    loop->pool = &pool;
    rpi_loop_saving_begin(loop, n, &(rp_options){.seed = forms[LOOP].seed});
    for (int64_t begin = 0, end; begin < n; begin = end) {
        rp_range range;
        end = begin + 1 + up_to(n - begin - 1);
        loop->saving.rest = (rp_range){begin, end};
        while (rpi_loop_saving_next(loop, &range)) {
            FUZZ_CHECK(range.begin >= 0 && range.begin < range.end && range.end <= n);
            for (int64_t item = range.begin; item < range.end; item++)
                FUZZ_CHECK(done[item]++ == 0);
            check_range(loop, range);
        }
    }
    for (int64_t item = 0; item < n; item++)
        FUZZ_CHECK(done[item] == 1);
    rpi_loop_saving_end(loop, RP_OK);
}

/* Reads every byte of the results and, unless the payload was changed, checks it. */
static void check_results(const struct packet *packet, bool right)
{
    size_t position = 0;
    const struct record *record;
    int64_t item = packet->first;
    for (; (record = area_next(&packet->area, &position)) != NULL; item++) {
        const unsigned char *data = (const unsigned char *)(record + 1);
        if (record->elsewhere)
            data = (const unsigned char *)packet->large + *(const uint64_t *)(const void *)data;
        FUZZ_CHECK(!record->failed && (!right || record->bytes == result_bytes(item)));
        for (size_t i = 0; i < record->bytes; i++)
            FUZZ_CHECK(data[i] == byte_of(item, i) || !right);
    }
    FUZZ_CHECK(item == packet->first + packet->items);
}

static void run_stream(void)
{
    struct stream_saving saving;
    rpi_stream_saving_begin(&saving, &pool, &(rp_stream_job){.options.seed = forms[STREAM].seed});
    for (int64_t item = 0; item < MOST_ITEMS;) {
        int64_t most;
        const struct saved *entry = rpi_stream_saving_find(&saving, item, &most);
        FUZZ_CHECK(most > 0 && (entry == NULL || most <= SLOT_QUEUE_ITEMS));
        struct packet *packet = packet_of(item, most < 40 ? most : 40);
        if (entry != NULL && rpi_stream_saving_restore(&saving, packet, entry)) {
            check_results(packet, !is_changed(entry));
            taken[STREAM]++;
        }
        item += packet->items;
        rpi_packet_free(packet);
    }
    rpi_stream_saving_end(&saving, RP_OK);
}

/* ---- main ------------------------------------------------------------------------------------ */

static void choose_forms(void)
{
    const int64_t huge[] = {INT64_MAX, INT64_MAX - 1, INT64_C(1) << 62, INT64_C(1) << 40};
    int64_t n = 1 + (int64_t)fuzz_below(MOST_ITEMS);
    forms[MAP] =
        (struct job_form){.kind = JOURNAL_ITEMS, .n = n, .out_bytes = 1 + (int64_t)fuzz_below(24)};
    forms[REDUCE] = (struct job_form){.kind = JOURNAL_LEAVES,
                                      .n = n,
                                      .out_bytes = sizeof(struct partial),
                                      .leaf = 1 + (int64_t)fuzz_below(40)};
    forms[LOOP] = (struct job_form){.kind = JOURNAL_RANGE, .n = n};
    forms[STREAM] = (struct job_form){.kind = JOURNAL_RESULT};
    forms[HUGE_REDUCE] = forms[REDUCE];
    forms[HUGE_REDUCE].n = huge[fuzz_below(4)];
    forms[HUGE_REDUCE].leaf = forms[HUGE_REDUCE].n / (1 + (int64_t)fuzz_below(5000));
}

static void fuzz_round(void)
{
    rp_error error = {.status = RP_OK};
    char path[PATH_MAX];
    choose_forms();
    changes = 0;
    for (int64_t run = 1; run <= RUNS; run++)
        write_journal(run);
    pool = (rp_pool){.checkpoint = &checkpoint, .world = {.rank = 0, .root = 1}};
    checkpoint = (struct checkpoint){.directory = directory, .lock = -1, .begun = true};
    checkpoint.writer = rpi_journal_idle(0, 0);
    checkpoint.writer.write.next = INFINITY;
    FUZZ_CHECK(rpi_journal_index_read(&checkpoint.journal_index, directory, 0, false, &error) ==
               RP_OK);
    run_map();
    run_reduce(REDUCE);
    run_loop();
    run_stream();
    run_reduce(HUGE_REDUCE);
    rpi_journal_index_free(&checkpoint.journal_index);
    for (int64_t run = 1; run <= RUNS; run++) {
        rpi_journal_name(directory, run, 0, path, sizeof path);
        unlink(path);
    }
    rounds++;
}

int main(int argc, char **argv)
{
    const char *temporary = getenv("TMPDIR");
    uint64_t wanted = fuzz_begin(argc, argv, 100000);
    snprintf(directory, sizeof directory, "%s/checkpoint_fuzz.XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    FUZZ_CHECK(mkdtemp(directory) != NULL);
    while (written < wanted)
        fuzz_round();
    rmdir(directory);
    printf("ok: %" PRIu64 " entries in %" PRIu64 " checkpoints", written, rounds);
    printf("; taken: %" PRIu64 " items, %" PRIu64 " and %" PRIu64 " nodes, %" PRIu64
           " ranges, %" PRIu64 " parcels\n",
           taken[MAP], taken[REDUCE], taken[HUGE_REDUCE], taken[LOOP], taken[STREAM]);
    for (int job = 1; job < JOBS; job++)
        FUZZ_CHECK(taken[job] > 0);
    return EXIT_SUCCESS;
}
