/* The recovery of what the dead leave, with threads for ranks that die wherever they may: every
 * item once, whoever dies where.
 *
 * usage: recovery_threads [JOBS [THREADS]]
 *
 * Thread 0 lives: it is the root. */
#include "mortals.h"
#include "threads.h"

#include "schedule/claim.h"
#include "schedule/suspects.h"

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
    IN_TASK,    /* with a slice in hand */
    LOGGED,     /* with a finished slice in hand */
    POPPING,    /* with units taken from its range and not yet in hand */
    STEALING,   /* with units taken from another lane */
    TRYING,     /* with a unit taken from its suspects and not yet in hand */
    WAITING,    /* while it waits for others: perhaps parked, perhaps the executor */
    IN_OFFICE,  /* as the executor, with nonsense in the queue */
    ENDS
};

static struct board *board;
static uint32_t threads = 6;
static uint64_t jobs_wanted = 2000, jobs, deaths, given_up_items;
static pthread_barrier_t meeting;
static bool over;

/* The job at hand, set by thread 0 between meetings. */
static struct claim_job job;
static int items;
static struct estate_terms terms;
static enum end ends[MOST_THREADS];
static int slices_before[MOST_THREADS];
static bool again; /* another round, said by thread 0 */

static uint8_t finished[MOST_THREADS][MOST_ITEMS]; /* by whom; written by that thread */

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
    return notice_deaths(board, threads);
}

static _Noreturn void die_popping(struct claimer *claimer)
{
    uint64_t word = atomic_load(&claimer->lane->range);
    struct span range = span_unpack(word);
    if (!span_empty(range)) {
        range.low += 1 + (range.high - range.low) / 3;
        atomic_compare_exchange_strong(&claimer->lane->range, &word, span_pack(range));
    }
    die();
}

/* As a thief does it: first it says that it looks for more, with its own range empty. */
static _Noreturn void die_stealing(struct claimer *claimer)
{
    uint64_t own = atomic_load(&claimer->lane->range);
    if (!span_empty(span_unpack(own)))
        die();
    atomic_store(&claimer->lane->slice, LANE_SEEKS);
    if (recovery_runs(board))
        die();
    struct lane *victim = &board->lane[(me + 1) % threads];
    uint64_t word = atomic_load(&victim->range);
    struct span range = span_unpack(word);
    if (!span_empty(range) && atomic_load(&victim->job) == board->job) {
        range.high -= (range.high - range.low + 1) / 2;
        atomic_compare_exchange_strong(&victim->range, &word, span_pack(range));
    }
    die();
}

static _Noreturn void die_trying(struct claimer *claimer)
{
    struct span unit;
    rpi_suspects_next(claimer->lane, &unit);
    die();
}

static _Noreturn void die_in_office(struct claimer *claimer)
{
    struct estate *estate = rpi_board_estate(board);
    uint64_t seen = atomic_load(&estate->executor);
    struct span nonsense[2] = {{0, 7}, {3, (uint32_t)items}};
    atomic_store(&claimer->lane->slice, LANE_SEEKS);
    if ((uint32_t)seen == 0 && span_empty(span_unpack(atomic_load(&claimer->lane->range))) &&
        atomic_compare_exchange_strong(&estate->executor, &seen,
                                       ((seen >> 32) + 1) << 32 | (me + 1))) {
        /* Whoever takes has looked for an executor before: wait until all have seen us. */
        for (uint32_t i = 0; i < board->lanes; i++) {
            struct lane *lane = &board->lane[i];
            while (i != me && !atomic_load(&dead[i]) && atomic_load(&lane->slice) == LANE_SEEKS &&
                   atomic_load(&lane->parked) != LANE_AWAY &&
                   atomic_load(&lane->parked) != (uint32_t)(seen >> 32) + 1)
                rpi_signal_all(&board->signal);
        }
        rpi_estate_queue(estate, nonsense, 2);
    }
    die();
}

/* A slice is finished in the moment in which the log has it. */
static void note_finished(struct span slice)
{
    for (uint32_t item = slice.low; item < slice.high; item++)
        finished[me][item]++;
}

static _Noreturn void die_logged(struct claimer *claimer, struct span slice)
{
    note_finished(slice);
    log_finish(&claimer->log, slice);
    die();
}

static void meet_end(struct claimer *claimer, struct span slice)
{
    switch (ends[me]) {
    case IN_TASK:
        die();
    case LOGGED:
        die_logged(claimer, slice);
    case POPPING:
        note_finished(slice);
        log_finish(&claimer->log, slice);
        die_popping(claimer);
    case STEALING:
        note_finished(slice);
        log_finish(&claimer->log, slice);
        die_stealing(claimer);
    case TRYING:
        note_finished(slice);
        log_finish(&claimer->log, slice);
        die_trying(claimer);
    case IN_OFFICE:
        note_finished(slice);
        log_finish(&claimer->log, slice);
        die_in_office(claimer);
    default:
        break;
    }
}

static struct span share_of(uint32_t thread)
{
    if (jobs % 3 == 0)
        return thread == jobs % threads ? job.node : (struct span){0, 0};
    rp_range block = rp_block(job.node.high, (int)threads, (int)thread);
    return (struct span){(uint32_t)block.begin, (uint32_t)block.end};
}

/* Claims until nothing is left, or this thread dies. */
static void claim_all(struct claimer *claimer)
{
    struct span slice;
    volatile int slices = 0;
    if (setjmp(death) != 0)
        return;
    while (!span_empty(slice = rpi_claim_next(claimer))) {
        if (slices++ == slices_before[me])
            meet_end(claimer, slice);
        note_finished(slice);
    }
}

/* What a rank took with it that died when all was done, as a reduction's partial results: all begin
 * again, as after rpi_hand_over(). */
static void begin_again(void)
{
    attend(NULL);
    again = !terms.kept && rpi_recovery_needed(board);
    if (again)
        rpi_recover(board, 0, attend, NULL);
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
        rpi_claim_begin(&claimer, board, me, 4, &mine);
    rpi_claim_attend(&claimer, attend, NULL);
    pthread_barrier_wait(&meeting);
    do {
        if (!atomic_load(&dead[me]))
            claim_all(&claimer);
        pthread_barrier_wait(&meeting);
        if (me == 0)
            begin_again();
        pthread_barrier_wait(&meeting);
    } while (again);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void choose_ends(void)
{
    for (uint32_t thread = 0; thread < threads; thread++) {
        atomic_store(&board->lane[thread].lost, 0);
        atomic_store(&dead[thread], false);
        bool dies = thread > 0 && next_random() % 2 == 0;
        ends[thread] = dies ? (enum end)(1 + next_random() % (ENDS - 1)) : LIVES;
        slices_before[thread] = (int)(next_random() % 6);
    }
}

static void choose_job(void)
{
    static const rp_schedule schedules[] = {RP_DYNAMIC, RP_ADAPTIVE, RP_STATIC, RP_GUIDED,
                                            RP_FACTORING};
    jobs++;
    items = (int)(next_random() % (next_random() % 8 == 0 ? MOST_ITEMS : 100));
    job = (struct claim_job){
        .units = rpi_units_cut(items),
        .choice = {schedules[jobs % 5], next_random() % 4 == 0 ? 1 + next_random() % 5 : 0},
        .node = {0, (uint32_t)items},
        .number = (uint32_t)jobs,
    };
    terms = (struct estate_terms){.limit = 1 + next_random() % 3, .kept = next_random() % 2 == 0};
    memset(finished, 0, sizeof finished);
    choose_ends();
    rpi_board_prepare(board, job.node, rpi_claim_reservoir(&job), true);
    rpi_estate_prepare(rpi_board_estate(board), job.node, terms);
    board->job = job.number;
}

static bool is_given_up(uint32_t item)
{
    struct span span = {0, 0};
    while (rpi_estate_next_given_up(rpi_board_estate(board), &span)) {
        if (span.low <= item && item < span.high)
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
            times += terms.kept || !atomic_load(&dead[thread]) ? finished[thread][item] : 0;
        bool given_up = is_given_up((uint32_t)item);
        given_up_items += given_up;
        if (given_up && times > 0)
            fail("given up and done", item);
        if (!given_up && times != 1)
            fail(times == 0 ? "lost" : "done twice", item);
    }
}

static void *worker(void *argument)
{
    me = (uint32_t)(uintptr_t)argument;
    for (;;) {
        if (me == 0)
            choose_job();
        pthread_barrier_wait(&meeting);
        if (over)
            return NULL;
        work();
        pthread_barrier_wait(&meeting);
        if (me == 0) {
            check_job();
            over = jobs >= jobs_wanted;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        jobs_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = (uint32_t)strtoul(argv[2], NULL, 10);
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "recovery_threads: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    board = make_board(threads);
    pthread_barrier_init(&meeting, NULL, threads);
    pthread_t thread[MOST_THREADS];
    for (uint32_t i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, worker, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    printf("ok: %" PRIu64 " jobs on %u threads, %" PRIu64 " deaths, %" PRIu64 " items given up\n",
           jobs, threads, deaths, given_up_items);
    pthread_barrier_destroy(&meeting);
    free(board);
    return EXIT_SUCCESS;
}
