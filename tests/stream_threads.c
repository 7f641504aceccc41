/* A stream with threads for ranks that die wherever they may: every item is consumed once, in order
 * and with its own result, whoever dies where.
 *
 * usage: stream_threads [STREAMS [THREADS]]
 *
 * The main thread is the root and lives. Inputs, results and what is noted of items are plain
 * memory, so under ThreadSanitizer an item in two hands is a data race. */
#include "mortals.h"
#include "threads.h"

#include "base/error.h"
#include "pool/stream_root.h"

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
    AT_ONCE,  /* before it takes a parcel */
    TAKING,   /* with a parcel that is not counted as taken */
    IN_TASK,  /* in the middle of an item */
    UNHANDED, /* with a parcel in hand, some items of which are done */
    UNTOLD,   /* with a parcel that is done, and nobody told */
    HANDED,   /* with a parcel that was handed over, and not copied */
    ENDS
};

/* What is noted of an item, by whoever has it in hand. */
struct note {
    int calls;
    int deaths; /* at which it was at hand, in a row */
};

static struct station *station;
static struct board *board;
static uint32_t threads = 6;
static rp_pool pools[MOST_THREADS];
static struct doing doings[MOST_THREADS];
static uint64_t streams, deaths, given_up;

/* The stream at hand, set by the root before threads begin. */
static rp_stream_job job;
static int64_t items;
static int64_t bad, killer; /* items that these divide fail, or end their rank; 0: none does */
static struct note notes[MOST_ITEMS];
static int64_t produced, consumed, most_ahead;
static bool seen[MOST_ITEMS];
static enum end ends[MOST_THREADS];
static int before_end[MOST_THREADS]; /* parcels, or in a task items */

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 " of %" PRId64 " in stream %" PRIu64 "\n", what,
            item, items, streams);
    exit(EXIT_FAILURE);
}

static double look(void *closure)
{
    (void)closure;
    return notice_deaths(board, threads);
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
        return RP_PRODUCED_LAST;
    char *bytes = rp_buffer_resize(item, in_bytes_of(produced));
    if (bytes == NULL)
        fail("no memory", produced);
    fill(bytes, in_bytes_of(produced), produced);
    produced++;
    most_ahead = produced - consumed > most_ahead ? produced - consumed : most_ahead;
    return RP_PRODUCED;
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
        live = live || atomic_load(&board->lane[lane].lost) == 0;
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

/* ---- how threads die ------------------------------------------------------------------------- */

static void die_taking(void)
{
    uint32_t taken = atomic_load(&station->taken);
    if (taken == atomic_load(&station->put))
        return;
    uint32_t place = atomic_load(&station->slot[taken % station->slots].queued);
    uint64_t ready = slot_word(SLOT_READY, 0, taken);
    if (atomic_compare_exchange_strong(&station->slot[place].word, &ready,
                                       slot_word(SLOT_TAKEN, me, taken)))
        die_at(station->slot[place].first);
}

/* Results too large for a slot go with their rank: nobody can read them then. */
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

/* Does the first items of a parcel, up to one that it cannot do. */
static void do_items(uint32_t place, uint32_t most)
{
    struct slot *slot = &station->slot[place];
    struct area results = {rpi_station_results(station, place), 0, STATION_AREA};
    for (uint32_t done = 0; done < most; done++) {
        int64_t item = slot->first + done;
        if (divides(bad, item) || divides(killer, item) || item >= station_limit(station))
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

static void die_with_a_parcel(void)
{
    uint32_t place;
    if (!rpi_station_take(station, me, false, &place))
        return;
    struct slot *slot = &station->slot[place];
    do_items(place,
             ends[me] == UNHANDED ? (uint32_t)before_end[me] % (slot->items + 1) : slot->items);
    uint32_t done = atomic_load(&slot->done);
    if (done < slot->items)
        die_at(slot->first + done);
    if (ends[me] == HANDED)
        rpi_station_hand(station, place, SLOT_DONE);
    else if (ends[me] == UNTOLD)
        rpi_station_turn(station, place, SLOT_DONE);
    take_away(me);
    die();
}

/* Between two parcels. */
static double meet_end(void *closure)
{
    int *parcels = closure;
    enum end end = ends[me];
    bool now = (*parcels)++ >= before_end[me];
    if (end == AT_ONCE)
        die();
    if (now && end == TAKING)
        die_taking();
    if (now && (end == UNHANDED || end == UNTOLD || end == HANDED))
        die_with_a_parcel();
    return 1e-3;
}

/* ---- streams --------------------------------------------------------------------------------- */

static struct stream_worker worker_of(uint32_t lane)
{
    pools[lane] = (rp_pool){.board = board, .doing = &doings[lane]};
    pools[lane].world.nodes = 1;
    pools[lane].world.crowding = threads;
    struct stream_worker worker = {.pool = &pools[lane],
                                   .board = board,
                                   .station = station,
                                   .lane = lane,
                                   .job = &job,
                                   .most_kept = 5 * LARGE};
    rpi_error_clear(&worker.failure);
    if (!rpi_stream_worker_make(&worker))
        fail("no memory", -1);
    return worker;
}

static void *rank(void *argument)
{
    struct stream_worker *worker = argument;
    volatile int parcels = 0;
    me = worker->lane;
    worker->task = (struct rp_task){.pool = worker->pool};
    if (setjmp(death) == 0)
        rpi_stream_work_off(worker, meet_end, (int *)&parcels);
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
                          .root_only_serves = next_random() % 3 == 0,
                          .window_items = 1 + next_random() % 300,
                          .window_bytes = 10 * LARGE,
                          .options = {.on_failure = next_random() % 2 ? RP_STOP : RP_KEEP_GOING,
                                      .slice = choose(2, 20)}};
    for (uint32_t lane = 0; lane < threads; lane++) {
        bool dies = lane > 0 && next_random() % 2 == 0;
        ends[lane] = dies ? (enum end)(1 + next_random() % (ENDS - 1)) : LIVES;
        before_end[lane] = (int)(next_random() % 20);
        atomic_store(&dead[lane], false);
        atomic_store(&board->lane[lane].lost, 0);
    }
}

static void make_stream(struct stream *stream, struct stream_worker *root)
{
    static struct stream_keeping nothing;
    uint32_t most = station->slots - 1;
    *stream = (struct stream){.pool = root->pool,
                              .job = &job,
                              .worker = job.root_only_serves ? NULL : root,
                              .stand_in = root,
                              .keeping = &nothing,
                              .pace = rpi_pace_start(0, 1),
                              .window_items = job.window_items,
                              .window_bytes = job.window_bytes};
    rpi_error_clear(&stream->failure);
    stream->outlets = calloc(1, sizeof *stream->outlets);
    if (stream->outlets == NULL || !rpi_supplier_make(&stream->supplier, station, 0))
        fail("no memory", -1);
    stream->outlets[0] = (struct outlet){.ranks = threads, .depth = 2 * threads, .most = most};
    rpi_supplier_attend(&stream->supplier, board, look, NULL);
}

/* How far a stream with RP_STOP goes at the least, and when it is ordered, at the most. */
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
    bool stops = job.options.on_failure == RP_STOP;
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
    rpi_station_reset(station, threads);
    rpi_board_prepare(board, (struct span){0, 0}, (struct span){0, 0}, true);
    for (uint32_t lane = 0; lane < threads; lane++) {
        workers[lane] = worker_of(lane);
        rpi_station_lane(station, lane)->self = rpi_peer_self();
    }
    workers[0].task = (struct rp_task){.pool = workers[0].pool};
    make_stream(&stream, &workers[0]);
    for (uint32_t lane = 1; lane < threads; lane++)
        pthread_create(&thread[lane], NULL, rank, &workers[lane]);
    rpi_stream_serve(&stream);
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
        fprintf(stderr, "stream_threads: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    station = aligned_alloc(APART, rpi_station_bytes(threads));
    board = make_board(threads);
    while (streams < wanted) {
        streams++;
        run_stream();
    }
    printf("ok: %" PRIu64 " streams on %u threads, %" PRIu64 " deaths, %" PRIu64
           " items given up\n",
           streams, threads, deaths, given_up);
    free(board);
    free(station);
    return EXIT_SUCCESS;
}
