/* Checkpoints with journals whose entries have correct checksums and wild fields: nothing may be
 * read or written out of bounds, and every result that a map, a reduction, a loop or a stream
 * accepts must be right. Payloads follow from item numbers, so a wrong byte is detected. Run it
 * with sanitizers.
 *
 * usage: tests/fuzz/checkpoint [ENTRIES [SEED]] */
#include "fuzz.h"
#include "wild_journals.h"

#include "checkpoint/checkpoint.h"
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

static char directory[PATH_MAX];
static uint64_t rounds, taken[JOBS];
static rp_pool pool;
static struct checkpoint checkpoint;

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
    struct job_saving saving;
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
    rpi_job_saving_end(&saving, RP_OK);
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
    forget_journals();
    for (int64_t run = 1; run <= RUNS; run++)
        write_journal(directory, run);
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
    snprintf(directory, sizeof directory, "%s/fuzz_checkpoint.XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    FUZZ_CHECK(mkdtemp(directory) != NULL);
    while (written < wanted)
        fuzz_round();
    rmdir(directory);
    printf("ok: %" PRIu64 " entries in %" PRIu64 " checkpoints", written, rounds);
    printf("; taken: %" PRIu64 " items, %" PRIu64 " and %" PRIu64 " nodes, %" PRIu64
           " ranges, %" PRIu64 " packets\n",
           taken[MAP], taken[REDUCE], taken[HUGE_REDUCE], taken[LOOP], taken[STREAM]);
    for (int job = 1; job < JOBS; job++)
        FUZZ_CHECK(taken[job] > 0);
    return EXIT_SUCCESS;
}
