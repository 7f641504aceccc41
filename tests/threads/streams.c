/* A stream with threads as ranks that die at any point: every item is consumed once, in order and
 * with its own result, wherever a thread dies.
 *
 * usage: tests/threads/streams [STREAMS [THREADS]]
 *
 * The main thread is the root and never dies. Inputs, results and records of items are in ordinary
 * memory, so under ThreadSanitizer an item held by two threads is a data race. */
#include "dying_threads.h"
#include "threads.h"

#include "base/error.h"
#include "diag/diagnosis.h"
#include "observe/hooks.h"
#include "stream/root.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MOST_ITEMS = 2000,
    DEATHS = 3, /* after which an item is given up */
    LARGE = 40000,
    MOST_BYTES = LARGE + MOST_ITEMS
};

/* Where a thread dies. */
enum end {
    LIVES,
    AT_ONCE,  /* before it takes a packet */
    TAKING,   /* with a packet not counted as taken */
    IN_TASK,  /* in the middle of an item */
    UNHANDED, /* with a packet of which some items are done */
    UNTOLD,   /* with a finished packet, before it reports it */
    HANDED,   /* with a reported packet that was not copied */
    ENDS
};

/* The record of an item, written by the thread that holds it. */
struct note {
    int calls;
    int deaths; /* of threads that held it, in a row */
};

static struct slot_queue *slot_queue;
static struct work_queue *work_queue;
static uint32_t threads = 6;
static rp_pool pools[MOST_THREADS];
static struct rank_activity activities[MOST_THREADS];
static struct diagnosis diagnoses[MOST_THREADS];
static struct observation observation; /* observation is off */
static uint64_t streams, deaths, given_up;

/* The current stream, set by the root before threads begin. */
static rp_stream_job job;
static int64_t items;
static int64_t bad, killer; /* multiples of these fail, or kill their rank; 0: none */
static struct note notes[MOST_ITEMS];
static int64_t produced, consumed, most_ahead;
static bool seen[MOST_ITEMS];
static enum end ends[MOST_THREADS];
static int before_end[MOST_THREADS]; /* packets, or items if in a task */

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 " of %" PRId64 " in stream %" PRIu64 "\n", what,
            item, items, streams);
    exit(EXIT_FAILURE);
}

static double look(void *closure)
{
    (void)closure;
    return notice_deaths(work_queue, threads);
}

/* ---- items ----------------------------------------------------------------------------------- */

static size_t in_bytes_of(int64_t item)
{
    return item % 53 == 7 ? LARGE : sizeof item + (size_t)(item % 5);
}

static size_t out_bytes_of(int64_t item)
{
    return item % 41 == 5 ? LARGE + (size_t)item : sizeof item + (size_t)(item % 7);
}

static bool divides(int64_t divisor, int64_t item)
{
    return divisor > 0 && item % divisor == divisor - 1;
}

static void fill(char *bytes, size_t size, int64_t item)
{
    memset(bytes, (int)(item % 127), size);
    memcpy(bytes, &item, sizeof item);
}

static void check(const char *bytes, size_t size, size_t expected, int64_t item, const char *what)
{
    int64_t told;
    if (size != expected)
        fail(what, item);
    memcpy(&told, bytes, sizeof told);
    for (size_t i = sizeof told; i < size; i++) {
        if (bytes[i] != (char)(item % 127))
            fail(what, item);
    }
    if (told != item)
        fail(what, item);
}

static int produce(void *user, rp_buffer *item)
{
    (void)user;
    if (produced == items)
        return RP_ITEM_LAST;
    char *bytes = rp_buffer_resize(item, in_bytes_of(produced));
    if (bytes == NULL)
        fail("no memory", produced);
    fill(bytes, in_bytes_of(produced), produced);
    produced++;
    most_ahead = produced - consumed > most_ahead ? produced - consumed : most_ahead;
    return RP_ITEM;
}

static _Noreturn void die_at(int64_t item)
{
    notes[item].deaths++;
    die();
}

static bool others_live(void)
{
    bool live = false;
    for (uint32_t lane = 1; lane < threads; lane++)
        live = live || atomic_load(&work_queue->lane[lane].lost) == 0;
    return live;
}

static int work(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    int64_t item = rp_task_item(task);
    struct note *note = &notes[item];
    check(in, in_bytes, in_bytes_of(item), item, "not its input");
    if (rp_task_attempt(task) < note->calls)
        fail("an attempt too few", item);
    if (note->deaths >= DEATHS)
        fail("not given up", item);
    if (me == 0 && note->deaths > 0 && others_live())
        fail("taken by the root, though others live", item);
    note->calls++;
    if (me != 0 && divides(killer, item))
        die_at(item);
    if (me != 0 && ends[me] == IN_TASK && before_end[me]-- == 0)
        die_at(item);
    note->deaths = 0;
    if (divides(bad, item))
        return rp_task_fail(task, item, 7, "bad");
    char *bytes = rp_buffer_resize(result, out_bytes_of(item));
    if (bytes == NULL)
        fail("no memory", item);
    fill(bytes, out_bytes_of(item), item);
    return 0;
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user;
    if (seen[item])
        fail("consumed twice", item);
    seen[item] = true;
    if (!job.unordered && item != consumed)
        fail("out of order", item);
    consumed++;
    if (error == NULL)
        check(data, bytes, out_bytes_of(item), item, "not its result");
    else if (error->status == RP_ERR_LOST && error->item == item && notes[item].deaths == DEATHS)
        given_up++;
    else if (error->status != RP_ERR_TASK || !divides(bad, item))
        fail("another error", item);
    return 0;
}

/* ---- deaths of threads ----------------------------------------------------------------------- */

static void die_taking(void)
{
    uint32_t taken = atomic_load(&slot_queue->taken);
    if (taken == atomic_load(&slot_queue->put))
        return;
    uint32_t place = atomic_load(&slot_queue->slot[taken % slot_queue->slots].queued);
    uint64_t ready = slot_word(SLOT_READY, 0, taken);
    if (atomic_compare_exchange_strong(&slot_queue->slot[place].word, &ready,
                                       slot_word(SLOT_TAKEN, me, taken)))
        die_at(slot_queue->slot[place].first);
}

/* Results too large for a slot are lost with their rank: its memory cannot be read any more. */
struct belongings {
    char *memory[MOST_ITEMS];
    int count;
};

static struct belongings belongings[MOST_THREADS];

static void refer_to_large(struct area *results, int64_t item)
{
    struct belongings *mine = &belongings[me];
    char *bytes =
        mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        fail("no memory", item);
    fill(bytes, out_bytes_of(item), item);
    mine->memory[mine->count++] = bytes;
    area_refer(results, false, out_bytes_of(item), (uint64_t)(uintptr_t)bytes);
}

static void take_away(uint32_t lane)
{
    for (int i = 0; i < belongings[lane].count; i++)
        mprotect(belongings[lane].memory[i], MOST_BYTES, PROT_NONE);
}

static void forget(uint32_t lane)
{
    for (int i = 0; i < belongings[lane].count; i++)
        munmap(belongings[lane].memory[i], MOST_BYTES);
    belongings[lane].count = 0;
}

/* Computes the items of a packet up to the first one that it cannot compute. */
static void do_items(uint32_t place, uint32_t most)
{
    struct slot *slot = &slot_queue->slot[place];
    struct area results = {rpi_slot_queue_results(slot_queue, place), 0, SLOT_QUEUE_AREA};
    for (uint32_t done = 0; done < most; done++) {
        int64_t item = slot->first + done;
        if (divides(bad, item) || divides(killer, item) || item >= slot_queue_limit(slot_queue))
            break;
        notes[item].calls++;
        notes[item].deaths = 0;
        if (out_bytes_of(item) >= LARGE) {
            refer_to_large(&results, item);
        } else {
            fill(results.base + results.used + sizeof(struct record), out_bytes_of(item), item);
            area_add(&results, false, out_bytes_of(item));
        }
        atomic_store(&slot->done, done + 1);
    }
    slot->out_bytes = results.used;
    slot->seconds = 1e-6;
}

static void die_with_a_packet(void)
{
    uint32_t place;
    if (!rpi_slot_queue_take(slot_queue, me, false, &place))
        return;
    struct slot *slot = &slot_queue->slot[place];
    do_items(place,
             ends[me] == UNHANDED ? (uint32_t)before_end[me] % (slot->items + 1) : slot->items);
    uint32_t done = atomic_load(&slot->done);
    if (done < slot->items)
        die_at(slot->first + done);
    if (ends[me] == HANDED)
        rpi_slot_queue_hand_back(slot_queue, place, SLOT_DONE);
    else if (ends[me] == UNTOLD)
        rpi_slot_queue_set_state(slot_queue, place, SLOT_DONE);
    take_away(me);
    die();
}

/* Between two packets. */
static double meet_end(void *closure)
{
    int *packets = closure;
    enum end end = ends[me];
    bool now = (*packets)++ >= before_end[me];
    if (end == AT_ONCE)
        die();
    if (now && end == TAKING)
        die_taking();
    if (now && (end == UNHANDED || end == UNTOLD || end == HANDED))
        die_with_a_packet();
    return 1e-3;
}

/* ---- streams --------------------------------------------------------------------------------- */

static struct stream_worker worker_of(uint32_t lane)
{
    diagnoses[lane].activity = &activities[lane];
    pools[lane] =
        (rp_pool){.work_queue = work_queue, .diag = &diagnoses[lane], .observe = &observation};
    pools[lane].world.nodes = 1;
    pools[lane].world.crowding = threads;
    struct stream_worker worker = {.pool = &pools[lane],
                                   .work_queue = work_queue,
                                   .slot_queue = slot_queue,
                                   .lane = lane,
                                   .job = &job,
                                   .most_saved = 5 * LARGE};
    rpi_error_clear(&worker.failure);
    if (!rpi_stream_worker_make(&worker))
        fail("no memory", -1);
    return worker;
}

static void begin_task(struct stream_worker *worker)
{
    worker->task = (struct rp_task){.pool = worker->pool};
    worker->attempts =
        (struct attempts){.pool = worker->pool, .options = &job.options, .task = &worker->task};
}

static void *rank(void *argument)
{
    struct stream_worker *worker = argument;
    volatile int packets = 0;
    me = worker->lane;
    begin_task(worker);
    if (setjmp(death) == 0)
        rpi_stream_worker_run(worker, meet_end, (int *)&packets);
    return NULL;
}

static int64_t choose(int64_t one_of, int64_t most)
{
    return next_random() % (uint32_t)one_of == 0 ? 1 + next_random() % (uint32_t)most : 0;
}

static void choose_stream(void)
{
    items = next_random() % (next_random() % 4 == 0 ? MOST_ITEMS : 150);
    bad = choose(3, 200);
    killer = choose(4, 300);
    produced = consumed = most_ahead = 0;
    memset(notes, 0, sizeof notes);
    memset(seen, 0, sizeof seen);
    job = (rp_stream_job){.produce = produce,
                          .work = work,
                          .consume = consume,
                          .unordered = next_random() % 2,
                          .dedicated_root = next_random() % 3 == 0,
                          .window_items = 1 + next_random() % 300,
                          .window_bytes = 10 * LARGE,
                          .options = {.on_failure = next_random() % 2 ? RP_ON_FAILURE_STOP
                                                                      : RP_ON_FAILURE_CONTINUE,
                                      .chunk = choose(2, 20)}};
    for (uint32_t lane = 0; lane < threads; lane++) {
        bool dies = lane > 0 && next_random() % 2 == 0;
        ends[lane] = dies ? (enum end)(1 + next_random() % (ENDS - 1)) : LIVES;
        before_end[lane] = (int)(next_random() % 20);
        atomic_store(&dead[lane], false);
        atomic_store(&work_queue->lane[lane].lost, 0);
    }
}

static void make_stream(struct stream *stream, struct stream_worker *root)
{
    static struct job_saving nothing;
    uint32_t most = slot_queue->slots - 1;
    *stream = (struct stream){.pool = root->pool,
                              .job = &job,
                              .worker = job.dedicated_root ? NULL : root,
                              .fallback_worker = root,
                              .saving = &nothing,
                              .pace = rpi_chunk_policy_start((struct chunk_costs){0, 0}, 1),
                              .window_items = job.window_items,
                              .window_bytes = job.window_bytes};
    rpi_error_clear(&stream->failure);
    stream->destinations = calloc(1, sizeof *stream->destinations);
    if (stream->destinations == NULL || !rpi_feeder_make(&stream->feeder, slot_queue, 0))
        fail("no memory", -1);
    stream->destinations[0] =
        (struct destination){.ranks = threads, .depth = 2 * threads, .most = most};
    rpi_feeder_attend(&stream->feeder, work_queue, look, NULL);
}

/* The minimum number of items that a stream with RP_ON_FAILURE_STOP consumes; if ordered, also the
 * maximum. */
static int64_t end_of_stream(void)
{
    for (int64_t item = 0; item < items; item++) {
        if (divides(bad, item) || notes[item].deaths == DEATHS)
            return item + 1;
    }
    return items;
}

static void check_stream(const struct stream *stream)
{
    bool stops = job.options.on_failure == RP_ON_FAILURE_STOP;
    if (stream->failure.status != RP_OK)
        fail(stream->failure.text, stream->failure.item);
    if (!stops && consumed != items)
        fail("lost", consumed);
    if (stops && !job.unordered && consumed != end_of_stream())
        fail("not the end", consumed);
    if (stops && job.unordered && consumed != items && stream->failures.count != 1)
        fail("lost from an unordered stream", consumed);
    if (most_ahead > job.window_items)
        fail("beyond the window", most_ahead);
    for (int64_t item = 0; item < items; item++) {
        if (notes[item].deaths > DEATHS)
            fail("too many deaths", item);
    }
    for (uint32_t lane = 0; lane < threads; lane++)
        deaths += atomic_load(&dead[lane]);
}

static void run_stream(void)
{
    pthread_t thread[MOST_THREADS];
    struct stream_worker workers[MOST_THREADS];
    struct stream stream;
    choose_stream();
    rpi_slot_queue_reset(slot_queue, threads);
    rpi_work_queue_prepare(work_queue, (struct unit_range){0, 0}, (struct unit_range){0, 0}, true);
    for (uint32_t lane = 0; lane < threads; lane++) {
        workers[lane] = worker_of(lane);
        rpi_slot_queue_lane(slot_queue, lane)->self = rpi_peer_self();
    }
    begin_task(&workers[0]);
    make_stream(&stream, &workers[0]);
    for (uint32_t lane = 1; lane < threads; lane++)
        pthread_create(&thread[lane], NULL, rank, &workers[lane]);
    rpi_stream_serve(&stream);
    rpi_stream_close(&stream);
    for (uint32_t lane = 1; lane < threads; lane++)
        pthread_join(thread[lane], NULL);
    for (uint32_t lane = 1; lane < threads; lane++)
        forget(lane);
    check_stream(&stream);
    rpi_stream_drop(&stream);
    for (uint32_t lane = 0; lane < threads; lane++)
        rpi_stream_worker_drop(&workers[lane]);
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    threads = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : threads;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "tests/threads/streams: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    slot_queue = aligned_alloc(APART, rpi_slot_queue_bytes(threads));
    work_queue = make_work_queue(threads);
    while (streams < wanted) {
        streams++;
        run_stream();
    }
    printf("ok: %" PRIu64 " streams on %u threads, %" PRIu64 " deaths, %" PRIu64
           " items given up\n",
           streams, threads, deaths, given_up);
    free(work_queue);
    free(slot_queue);
    return EXIT_SUCCESS;
}
