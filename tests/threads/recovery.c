/* The recovery of dead ranks' units, with threads as ranks that die at any point: every item
 * exactly once, wherever a thread dies.
 *
 * usage: tests/threads/recovery [JOBS [THREADS]]
 *
 * Thread 0 never dies: it is the root. */
#include "dying_threads.h"
#include "threads.h"

#include "sched/claim.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ITEMS = 2000
};

/* Where a thread dies. */
enum end {
    LIVES,
    UNPREPARED, /* before it has prepared its lane */
    IN_TASK,    /* while it computes a chunk */
    LOGGED,     /* with a finished chunk in the log */
    POPPING,    /* with units popped from its range, not yet its chunk */
    STEALING,   /* with units taken from another lane */
    WAITING,    /* while it waits for others: perhaps parked, perhaps the executor */
    IN_OFFICE,  /* as the executor, with invalid entries in the queue */
    ENDS
};

static struct work_queue *work_queue;
static uint32_t threads = 6;
static uint64_t jobs_wanted = 2000, jobs, deaths, given_up_items;

/* The current job, set by thread 0 between jobs. */
static struct claim_job job;
static int items;
static struct orphaned_work_terms terms;
static enum end ends[MOST_THREADS];
static int chunks_before[MOST_THREADS];
static bool again; /* another round, decided by thread 0 */

static uint8_t finished[MOST_THREADS][MOST_ITEMS]; /* by which thread; written by that thread */

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 " of job %" PRIu64 " (n = %d, schedule %d)\n", what,
            item, jobs, items, (int)job.choice.schedule);
    exit(EXIT_FAILURE);
}

static double attend(void *closure)
{
    (void)closure;
    if (ends[me] == WAITING)
        die();
    return notice_deaths(work_queue, threads);
}

static _Noreturn void die_popping(struct claimer *claimer)
{
    uint64_t word = atomic_load(&claimer->lane->range);
    struct unit_range range = unit_range_unpack(word);
    if (!unit_range_empty(range)) {
        range.low += 1 + (range.high - range.low) / 3;
        atomic_compare_exchange_strong(&claimer->lane->range, &word, unit_range_pack(range));
    }
    die();
}

/* Like a thief: it first marks its lane as seeking, with an empty range. */
static _Noreturn void die_stealing(struct claimer *claimer)
{
    uint64_t own = atomic_load(&claimer->lane->range);
    if (!unit_range_empty(unit_range_unpack(own)))
        die();
    atomic_store(&claimer->lane->chunk, LANE_SEEKS);
    if (recovery_runs(work_queue))
        die();
    struct lane *victim = &work_queue->lane[(me + 1) % threads];
    uint64_t word = atomic_load(&victim->range);
    struct unit_range range = unit_range_unpack(word);
    if (!unit_range_empty(range) && atomic_load(&victim->job) == work_queue->job) {
        range.high -= (range.high - range.low + 1) / 2;
        atomic_compare_exchange_strong(&victim->range, &word, unit_range_pack(range));
    }
    die();
}

static _Noreturn void die_in_office(struct claimer *claimer)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(work_queue);
    uint64_t seen = atomic_load(&orphaned_work->coordinator);
    struct unit_range ranges[2] = {{0, 7}, {3, (uint32_t)items}};
    struct interval_set nonsense[2] = {{.unit_ranges = &ranges[0], .count = 1},
                                       {.unit_ranges = &ranges[1], .count = 1}};
    atomic_store(&claimer->lane->chunk, LANE_SEEKS);
    if ((uint32_t)seen == 0 &&
        unit_range_empty(unit_range_unpack(atomic_load(&claimer->lane->range))) &&
        atomic_compare_exchange_strong(&orphaned_work->coordinator, &seen,
                                       ((seen >> 32) + 1) << 32 | (me + 1))) {
        /* A lane that takes units has looked for an executor before: wait until all have seen this
         * one. */
        for (uint32_t i = 0; i < work_queue->lanes; i++) {
            struct lane *lane = &work_queue->lane[i];
            while (i != me && !atomic_load(&dead[i]) && atomic_load(&lane->chunk) == LANE_SEEKS &&
                   atomic_load(&lane->parked) != LANE_AWAY &&
                   atomic_load(&lane->parked) != (uint32_t)(seen >> 32) + 1)
                rpi_eventcount_notify_all(&work_queue->signal);
        }
        rpi_orphaned_work_queue(orphaned_work, &nonsense[0], &nonsense[1]);
    }
    die();
}

/* A chunk is finished at the moment the log has it. */
static void note_finished(struct unit_range chunk)
{
    for (uint32_t item = chunk.low; item < chunk.high; item++)
        finished[me][item]++;
}

static _Noreturn void die_logged(struct claimer *claimer, struct unit_range chunk)
{
    note_finished(chunk);
    log_finish(&claimer->log, chunk);
    die();
}

static void meet_end(struct claimer *claimer, struct unit_range chunk)
{
    switch (ends[me]) {
    case IN_TASK:
        die();
    case LOGGED:
        die_logged(claimer, chunk);
    case POPPING:
        note_finished(chunk);
        log_finish(&claimer->log, chunk);
        die_popping(claimer);
    case STEALING:
        note_finished(chunk);
        log_finish(&claimer->log, chunk);
        die_stealing(claimer);
    case IN_OFFICE:
        note_finished(chunk);
        log_finish(&claimer->log, chunk);
        die_in_office(claimer);
    default:
        break;
    }
}

static struct unit_range share_of(uint32_t thread)
{
    if (jobs % 3 == 0)
        return thread == jobs % threads ? job.node : (struct unit_range){0, 0};
    rp_range block = rp_block(job.node.high, (int)threads, (int)thread);
    return (struct unit_range){(uint32_t)block.begin, (uint32_t)block.end};
}

/* Claims until nothing is left, or this thread dies. */
static void claim_all(struct claimer *claimer)
{
    struct unit_range chunk;
    volatile int chunks = 0;
    if (setjmp(death) != 0)
        return;
    while (!unit_range_empty(chunk = rpi_claim_next(claimer))) {
        if (chunks++ == chunks_before[me])
            meet_end(claimer, chunk);
        note_finished(chunk);
    }
}

/* A rank that dies after the last item takes results with it, such as a reduction's partial
 * results: all begin another round, as after rpi_collect_partial_results(). */
static void begin_again(void)
{
    attend(NULL);
    again = !terms.saved && rpi_work_queue_needs_recovery(work_queue);
    if (again)
        rpi_recover(work_queue, 0, attend, NULL);
}

static void work(void)
{
    struct claimer claimer;
    struct claim_job mine = job;
    mine.share = share_of(me);
    mine.cautious = me == 0;
    if (ends[me] == UNPREPARED)
        atomic_store(&dead[me], true);
    else
        rpi_claim_begin(&claimer, work_queue, me, 4, &mine);
    rpi_claim_attend(&claimer, attend, NULL);
    pthread_barrier_wait(&job_barrier);
    do {
        if (!atomic_load(&dead[me]))
            claim_all(&claimer);
        pthread_barrier_wait(&job_barrier);
        if (me == 0)
            begin_again();
        pthread_barrier_wait(&job_barrier);
    } while (again);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void choose_ends(void)
{
    for (uint32_t thread = 0; thread < threads; thread++) {
        atomic_store(&work_queue->lane[thread].lost, 0);
        atomic_store(&dead[thread], false);
        bool dies = thread > 0 && next_random() % 2 == 0;
        ends[thread] = dies ? (enum end)(1 + next_random() % (ENDS - 1)) : LIVES;
        chunks_before[thread] = (int)(next_random() % 6);
    }
}

static void choose_job(void)
{
    static const rp_schedule schedules[] = {RP_SCHEDULE_DYNAMIC, RP_SCHEDULE_ADAPTIVE,
                                            RP_SCHEDULE_STATIC, RP_SCHEDULE_GUIDED,
                                            RP_SCHEDULE_FACTORING};
    jobs++;
    items = (int)(next_random() % (next_random() % 8 == 0 ? MOST_ITEMS : 100));
    job = (struct claim_job){
        .units = rpi_units_cut(items),
        .choice = {schedules[jobs % 5], next_random() % 4 == 0 ? 1 + next_random() % 5 : 0},
        .node = {0, (uint32_t)items},
        .number = (uint32_t)jobs,
        .random = next_random() % 3 == 0,
    };
    terms = (struct orphaned_work_terms){.limit = 1 + next_random() % 3,
                                         .saved = next_random() % 2 == 0};
    memset(finished, 0, sizeof finished);
    choose_ends();
    rpi_work_queue_prepare(work_queue, job.node, rpi_claim_batch_queue(&job), true);
    rpi_orphaned_work_prepare(rpi_work_queue_orphaned_work(work_queue), job.node, terms);
    work_queue->job = job.number;
}

static bool is_given_up(uint32_t item)
{
    struct unit_range unit_range = {0, 0};
    while (rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(work_queue), &unit_range)) {
        if (unit_range.low <= item && item < unit_range.high)
            return true;
    }
    return false;
}

static void check_job(void)
{
    for (uint32_t thread = 0; thread < threads; thread++)
        deaths += atomic_load(&dead[thread]);
    for (int item = 0; item < items; item++) {
        int times = 0;
        for (uint32_t thread = 0; thread < threads; thread++)
            times += terms.saved || !atomic_load(&dead[thread]) ? finished[thread][item] : 0;
        bool given_up = is_given_up((uint32_t)item);
        given_up_items += given_up;
        if (given_up && times > 0)
            fail("given up and done", item);
        if (!given_up && times != 1)
            fail(times == 0 ? "lost" : "done twice", item);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        jobs_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = (uint32_t)strtoul(argv[2], NULL, 10);
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "tests/threads/recovery: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    work_queue = make_work_queue(threads);
    run_thread_jobs(&(struct thread_jobs){.threads = threads,
                                          .choose = choose_job,
                                          .work = work,
                                          .check = check_job,
                                          .jobs = &jobs,
                                          .wanted = jobs_wanted});
    printf("ok: %" PRIu64 " jobs on %u threads, %" PRIu64 " deaths, %" PRIu64 " items given up\n",
           jobs, threads, deaths, given_up_items);
    free(work_queue);
    return EXIT_SUCCESS;
}
