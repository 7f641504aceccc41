/* The claiming logic with threads for ranks: every item once, whatever the interleaving.
 *
 * usage: claims_threads [REFILLS [THREADS]]
 *
 * Runs jobs until lanes were refilled (by steals and from the reservoir) so often. The items' own
 * memory is plain, so under ThreadSanitizer two threads with one item, or a reader that trusts the
 * log too early, are data races. One more thread watches the logs all the while, and supplies half
 * of the jobs with batches, as the agent of a node does. */
#include "threads.h"

#include "schedule/claim.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 64,
    MOST_ITEMS = 3000
};

static struct board *board;
static int threads = 8;
static uint64_t refills_wanted = 1000000;
static pthread_barrier_t meeting;

/* The job at hand, set by thread 0 between meetings. */
static struct claim_job job;
static int items;
static bool supplied; /* some of its units come while it runs */
static bool over;

/* Written by whoever has the item; read by others only through the log or after a meeting. */
static int times_done[MOST_ITEMS];
static uint64_t refills[MOST_THREADS];
static uint64_t jobs, observations;

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 " of job %" PRIu64 " (n = %d, schedule %d, %s)\n",
            what, item, jobs, items, (int)job.choice.schedule, "claims_threads");
    exit(EXIT_FAILURE);
}

static void choose_job(void)
{
    static const rp_schedule schedules[] = {RP_DYNAMIC, RP_ADAPTIVE, RP_DYNAMIC,  RP_GUIDED,
                                            RP_DYNAMIC, RP_STATIC,   RP_FACTORING};
    jobs++;
    items = (int)(next_random() % (next_random() % 8 == 0 ? MOST_ITEMS : 100));
    job = (struct claim_job){
        .units = rpi_units_cut(items),
        .choice = {schedules[jobs % 7], next_random() % 4 == 0 ? 1 + next_random() % 5 : 0},
    };
    supplied = jobs % 2 == 0;
    job.node = (struct span){0, (uint32_t)(supplied ? items / 20 : items)};
    memset(times_done, 0, sizeof times_done);
    rpi_board_prepare(board, job.node, rpi_claim_reservoir(&job), !supplied);
}

/* An uneven start: all items with one thread in some jobs, so that the others have to steal. */
static struct span share_of(int thread)
{
    if (jobs % 3 == 0)
        return thread == (int)(jobs % (uint64_t)threads) ? job.node : (struct span){0, 0};
    rp_range block = rp_block(job.node.high, threads, thread);
    return (struct span){(uint32_t)block.begin, (uint32_t)block.end};
}

static void check_job(void)
{
    for (int item = 0; item < items; item++) {
        if (times_done[item] != 1)
            fail(times_done[item] == 0 ? "lost" : "done twice", item);
    }
    static struct span spans[1 << 16];
    uint32_t logged = 0;
    for (int lane = 0; lane < threads; lane++) {
        uint32_t count =
            rpi_log_read(rpi_board_log(board, (uint32_t)lane), board->log_capacity, spans);
        for (uint32_t i = 0; i < count; i++)
            logged += span_length(spans[i]);
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

static void work(int thread)
{
    struct claimer claimer;
    struct span slice;
    struct claim_job mine = job;
    mine.share = share_of(thread);
    rpi_claim_begin(&claimer, board, (uint32_t)thread, 4, &mine);
    pthread_barrier_wait(&meeting);
    while (!span_empty(slice = rpi_claim_next(&claimer))) {
        for (uint32_t item = slice.low; item < slice.high; item++)
            times_done[item]++;
        if (supplied)
            rpi_board_finish(board, slice);
    }
    refills[thread] += claimer.counts.draws + claimer.counts.steals;
}

static void *worker(void *argument)
{
    int thread = (int)(intptr_t)argument;
    for (;;) {
        if (thread == 0)
            choose_job();
        pthread_barrier_wait(&meeting);
        if (over)
            return NULL;
        work(thread);
        pthread_barrier_wait(&meeting);
        if (thread == 0) {
            check_job();
            over = enough();
        }
    }
}

/* What the log of the watched job says is done must be done. It looks on while jobs run, so it
 * takes part in the meetings. */
static void watch(struct span *spans)
{
    for (int lane = 0; lane < threads; lane++) {
        uint32_t count =
            rpi_log_read(rpi_board_log(board, (uint32_t)lane), board->log_capacity, spans);
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t item = spans[i].low; item < spans[i].high; item++) {
                if (times_done[item] != 1)
                    fail("logged and not done", item);
                observations++;
            }
        }
    }
}

/* What was supplied, and what the supplier knows of it. */
static struct span batches[RESERVOIRS];
static uint32_t next_supplied;

/* All of a batch that is said to be finished must be done. */
static void check_batch(int place)
{
    for (uint32_t item = batches[place].low; item < batches[place].high; item++) {
        if (times_done[item] != 1)
            fail("in a finished batch and not done", item);
    }
    batches[place] = (struct span){0, 0};
}

/* Refills reservoirs whose batches are finished, and closes the board when all is handed out. */
static void supply(void)
{
    for (int place = 0; place < RESERVOIRS && next_supplied < (uint32_t)items; place++) {
        if (!rpi_board_finished(board, place))
            continue;
        check_batch(place);
        uint32_t units = 1 + next_random() % 50, left = (uint32_t)items - next_supplied;
        batches[place] =
            (struct span){next_supplied, next_supplied + (units < left ? units : left)};
        next_supplied = batches[place].high;
        rpi_board_supply(board, place, batches[place]);
        if (next_supplied == (uint32_t)items)
            rpi_board_close(board);
    }
}

static void begin_supply(void)
{
    memset(batches, 0, sizeof batches);
    next_supplied = supplied ? job.node.high : (uint32_t)items;
    if (supplied && next_supplied == (uint32_t)items)
        rpi_board_close(board);
}

static void *watcher(void *argument)
{
    static struct span spans[1 << 16];
    (void)argument;
    for (;;) {
        pthread_barrier_wait(&meeting);
        if (over)
            return NULL;
        pthread_barrier_wait(&meeting);
        begin_supply();
        do {
            watch(spans);
            supply();
        } while (!rpi_board_done(board));
        for (int place = 0; place < RESERVOIRS; place++)
            check_batch(place);
        pthread_barrier_wait(&meeting);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        refills_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = atoi(argv[2]);
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "claims_threads: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    board = make_board((uint32_t)threads);
    pthread_barrier_init(&meeting, NULL, (unsigned)threads + 1);
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
    pthread_barrier_destroy(&meeting);
    free(board);
    return EXIT_SUCCESS;
}
