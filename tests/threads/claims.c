/* The claiming logic with threads as ranks: every item exactly once, for any interleaving.
 *
 * usage: tests/threads/claims [REFILLS [THREADS]]
 *
 * Runs jobs until lanes were refilled (by steals and from the batch queue) REFILLS times. The
 * items' own memory is not atomic, so under ThreadSanitizer two threads with one item, or a reader
 * that trusts the log too early, are data races. One more thread reads the logs all the time, and
 * supplies half of the jobs with batches, like the agent of a node. Some batches are suspects:
 * their units are claimed one at a time, and never by thread 0, which is cautious as the root
 * is. */
#include "threads.h"

#include "sched/claim.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 64,
    MOST_ITEMS = 3000
};

static struct work_queue *work_queue;
static int threads = 8;
static uint64_t refills_wanted = 1000000;
static pthread_barrier_t agreement;

/* The current job, set by thread 0 between agreements. */
static struct claim_job job;
static int items;
static bool supplied; /* some of its units are supplied while it runs */
static bool over;

/* Written by the thread that holds the item; read by others only through the log or after an
 * agreement. */
static int times_done[MOST_ITEMS];
/* Written by the feeder before it supplies the item. */
static bool suspected[MOST_ITEMS];
static uint64_t refills[MOST_THREADS];
static uint64_t jobs, observations;

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 " of job %" PRIu64 " (n = %d, schedule %d)\n", what,
            item, jobs, items, (int)job.choice.schedule);
    exit(EXIT_FAILURE);
}

static void choose_job(void)
{
    static const rp_schedule schedules[] = {RP_SCHEDULE_DYNAMIC,  RP_SCHEDULE_ADAPTIVE,
                                            RP_SCHEDULE_DYNAMIC,  RP_SCHEDULE_GUIDED,
                                            RP_SCHEDULE_DYNAMIC,  RP_SCHEDULE_STATIC,
                                            RP_SCHEDULE_FACTORING};
    jobs++;
    items = (int)(next_random() % (next_random() % 8 == 0 ? MOST_ITEMS : 100));
    job = (struct claim_job){
        .units = rpi_units_cut(items),
        .choice = {schedules[jobs % 7], next_random() % 4 == 0 ? 1 + next_random() % 5 : 0},
    };
    job.random = jobs % 5 == 0;
    supplied = jobs % 2 == 0;
    job.node = (struct unit_range){0, (uint32_t)(supplied ? items / 20 : items)};
    memset(times_done, 0, sizeof times_done);
    memset(suspected, 0, sizeof suspected);
    rpi_work_queue_prepare(work_queue, job.node, rpi_claim_batch_queue(&job), !supplied);
}

/* An uneven start: in some jobs one thread has all items, so that the others must steal. */
static struct unit_range share_of(int thread)
{
    if (jobs % 3 == 0)
        return thread == (int)(jobs % (uint64_t)threads) ? job.node : (struct unit_range){0, 0};
    rp_range block = rp_block(job.node.high, threads, thread);
    return (struct unit_range){(uint32_t)block.begin, (uint32_t)block.end};
}

static void check_job(void)
{
    for (int item = 0; item < items; item++) {
        if (times_done[item] != 1)
            fail(times_done[item] == 0 ? "lost" : "done twice", item);
    }
    static struct unit_range unit_ranges[1 << 16];
    uint32_t logged = 0;
    for (int lane = 0; lane < threads; lane++) {
        uint32_t count = rpi_completion_log_read(rpi_work_queue_log(work_queue, (uint32_t)lane),
                                                 work_queue->log_capacity, unit_ranges);
        for (uint32_t i = 0; i < count; i++)
            logged += unit_range_length(unit_ranges[i]);
    }
    if (logged != (uint32_t)items)
        fail("not in the log", logged);
}

static bool enough(void)
{
    uint64_t sum = 0;
    for (int thread = 0; thread < threads; thread++)
        sum += refills[thread];
    return sum >= refills_wanted;
}

static void check_chunk(int thread, struct unit_range chunk)
{
    if (suspected[chunk.low] && unit_range_length(chunk) != 1)
        fail("a suspect among others", chunk.low);
    if (suspected[chunk.low] && thread == 0 && threads > 1)
        fail("a suspect with the root", chunk.low);
}

static void work(int thread)
{
    struct claimer claimer;
    struct unit_range chunk;
    struct claim_job mine = job;
    mine.share = share_of(thread);
    mine.cautious = thread == 0;
    rpi_claim_begin(&claimer, work_queue, (uint32_t)thread, 4, &mine);
    pthread_barrier_wait(&agreement);
    while (!unit_range_empty(chunk = rpi_claim_next(&claimer))) {
        check_chunk(thread, chunk);
        for (uint32_t item = chunk.low; item < chunk.high; item++)
            times_done[item]++;
        if (supplied)
            rpi_work_queue_finish(work_queue, chunk);
    }
    refills[thread] += claimer.counts.draws + claimer.counts.steals;
}

static void *worker(void *argument)
{
    int thread = (int)(intptr_t)argument;
    for (;;) {
        if (thread == 0)
            choose_job();
        pthread_barrier_wait(&agreement);
        if (over)
            return NULL;
        work(thread);
        pthread_barrier_wait(&agreement);
        if (thread == 0) {
            check_job();
            over = enough();
        }
    }
}

/* Items that the log of the watched job lists as done must be done. Reads while jobs run, so this
 * thread takes part in the agreements. */
static void watchdog(struct unit_range *unit_ranges)
{
    for (int lane = 0; lane < threads; lane++) {
        uint32_t count = rpi_completion_log_read(rpi_work_queue_log(work_queue, (uint32_t)lane),
                                                 work_queue->log_capacity, unit_ranges);
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t item = unit_ranges[i].low; item < unit_ranges[i].high; item++) {
                if (times_done[item] != 1)
                    fail("logged and not done", item);
                observations++;
            }
        }
    }
}

/* The batches supplied, and the feeder's record of them. */
static struct unit_range batches[BATCH_QUEUES];
static uint32_t next_supplied;

/* All items of a batch that is reported finished must be done. */
static void check_batch(int place)
{
    for (uint32_t item = batches[place].low; item < batches[place].high; item++) {
        if (times_done[item] != 1)
            fail("in a finished batch and not done", item);
    }
    batches[place] = (struct unit_range){0, 0};
}

/* Refills batch queues whose batches are finished, and closes the work queue after the last. */
static void supply(void)
{
    for (int place = 0; place < BATCH_QUEUES && next_supplied < (uint32_t)items; place++) {
        if (!rpi_work_queue_finished(work_queue, place))
            continue;
        check_batch(place);
        uint32_t units = 1 + next_random() % 50, left = (uint32_t)items - next_supplied;
        batches[place] =
            (struct unit_range){next_supplied, next_supplied + (units < left ? units : left)};
        next_supplied = batches[place].high;
        bool suspect = next_random() % 2 == 0;
        memset(suspected + batches[place].low, suspect, unit_range_length(batches[place]));
        rpi_work_queue_set_attempt(work_queue, place, suspect ? 1 : 0);
        rpi_work_queue_supply(work_queue, place, batches[place]);
        if (next_supplied == (uint32_t)items)
            rpi_work_queue_close(work_queue);
    }
}

static void begin_supply(void)
{
    memset(batches, 0, sizeof batches);
    next_supplied = supplied ? job.node.high : (uint32_t)items;
    if (supplied && next_supplied == (uint32_t)items)
        rpi_work_queue_close(work_queue);
}

static void *watcher(void *argument)
{
    static struct unit_range unit_ranges[1 << 16];
    (void)argument;
    for (;;) {
        pthread_barrier_wait(&agreement);
        if (over)
            return NULL;
        pthread_barrier_wait(&agreement);
        begin_supply();
        do {
            watchdog(unit_ranges);
            supply();
        } while (!rpi_work_queue_done(work_queue));
        for (int place = 0; place < BATCH_QUEUES; place++)
            check_batch(place);
        pthread_barrier_wait(&agreement);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        refills_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = atoi(argv[2]);
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "tests/threads/claims: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    work_queue = make_work_queue((uint32_t)threads);
    pthread_barrier_init(&agreement, NULL, (unsigned)threads + 1);
    pthread_t thread[MOST_THREADS + 1];
    for (int i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, worker, (void *)(intptr_t)i);
    pthread_create(&thread[threads], NULL, watcher, NULL);
    for (int i = 0; i <= threads; i++)
        pthread_join(thread[i], NULL);
    uint64_t sum = 0;
    for (int i = 0; i < threads; i++)
        sum += refills[i];
    printf("ok: %" PRIu64 " jobs on %d threads, %" PRIu64 " refills, %" PRIu64
           " items seen through the logs\n",
           jobs, threads, sum, observations);
    pthread_barrier_destroy(&agreement);
    free(work_queue);
    return EXIT_SUCCESS;
}
