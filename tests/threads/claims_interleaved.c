/* A claim during which another lane empties a batch and the feeder supplies a suspect one in its
 * place, tried at every point of the claim: between any two of its accesses to shared words.
 * Threads hit such a window once in millions of claims; here each access calls the test. */
#include "threads.h"

#include "sched/work_queue.h"

#include <stdio.h>
#include <stdlib.h>

static void reach_point(void);

static uint32_t load_32(_Atomic uint32_t *word)
{
    reach_point();
    return atomic_load(word);
}

static uint64_t load_64(_Atomic uint64_t *word)
{
    reach_point();
    return atomic_load(word);
}

static bool exchange_32(_Atomic uint32_t *word, uint32_t *expected, uint32_t wanted)
{
    reach_point();
    return atomic_compare_exchange_strong(word, expected, wanted);
}

static bool exchange_64(_Atomic uint64_t *word, uint64_t *expected, uint64_t wanted)
{
    reach_point();
    return atomic_compare_exchange_strong(word, expected, wanted);
}

#undef atomic_load_explicit
#define atomic_load_explicit(word, order) \
    _Generic((word), _Atomic uint32_t * : load_32, _Atomic uint64_t * : load_64)(word)
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(word, expected, wanted, success, failure) \
    _Generic((word), _Atomic uint32_t *: exchange_32, _Atomic uint64_t *: exchange_64)( \
        word, expected, wanted)
#include "sched/batch_queue.c"
#include "sched/claim.c"

static const struct unit_range innocents = {0, 10}, suspects = {20, 30};

static struct work_queue *work_queue;
static int points, emptied_at, described_at, supplied_at; /* events: values of `points` */
static bool in_claim;

/* Acts as the other ranks; the accesses it makes are not counted. */
static void reach_point(void)
{
    if (!in_claim)
        return;
    points++;
    struct batch_queue *batch_queue = &work_queue->batch_queue[0];
    if (points == emptied_at)
        atomic_store(&batch_queue->left,
                     unit_range_pack((struct unit_range){innocents.high, innocents.high}));
    if (points == described_at)
        rpi_work_queue_set_attempt(work_queue, 0, 1);
    if (points == supplied_at)
        rpi_work_queue_supply(work_queue, 0, suspects);
}

/* The claim waits only if it found nothing that it may take. */
static double stop_waiting(void *closure)
{
    (void)closure;
    rpi_work_queue_stop(work_queue);
    return 0;
}

static struct unit_range claim_once(rp_schedule schedule, bool cautious)
{
    struct claimer claimer;
    struct claim_job job = {
        .units = rpi_units_cut(100), .choice = {schedule, 8}, .number = 1, .cautious = cautious};
    rpi_work_queue_prepare(work_queue, job.node, job.node, false);
    rpi_orphaned_work_prepare(rpi_work_queue_orphaned_work(work_queue), job.node,
                              (struct orphaned_work_terms){.limit = 3});
    rpi_claim_begin(&claimer, work_queue, 0, 1, &job);
    rpi_claim_attend(&claimer, stop_waiting, NULL);
    work_queue->job = job.number;
    rpi_work_queue_supply(work_queue, 0, innocents);
    points = 0;
    in_claim = true;
    struct unit_range chunk = rpi_claim_next(&claimer);
    in_claim = false;
    /* A chunk taken before its batch was emptied belongs to the claim, which did not see the
     * refill. */
    if (unit_range_empty(chunk) || chunk.low < suspects.low)
        return chunk;
    bool more = !unit_range_empty(unit_range_unpack(atomic_load(&work_queue->lane[0].range)));
    if (cautious || unit_range_length(chunk) != 1 ||
        (more && unit_range_length(rpi_claim_next(&claimer)) != 1)) {
        fprintf(stderr,
                "FAILED: schedule %d, %s: the suspects %u to %u were taken at once (emptied at "
                "access %d of the claim, described at %d, supplied at %d)\n",
                (int)schedule, cautious ? "cautious" : "not cautious", chunk.low, chunk.high,
                emptied_at, described_at, supplied_at);
        exit(EXIT_FAILURE);
    }
    return chunk;
}

/* All orders of the three events, up to the last access of an undisturbed claim. */
static int try_all_points(rp_schedule schedule, bool cautious)
{
    int taken = 0;
    emptied_at = described_at = supplied_at = 0;
    claim_once(schedule, cautious);
    int last = points + 1;
    for (emptied_at = 1; emptied_at <= last; emptied_at++) {
        for (described_at = emptied_at; described_at <= last; described_at++) {
            for (supplied_at = described_at; supplied_at <= last; supplied_at++) {
                struct unit_range chunk = claim_once(schedule, cautious);
                taken += !unit_range_empty(chunk) && chunk.low >= suspects.low;
            }
        }
    }
    return taken;
}

int main(void)
{
    static const rp_schedule schedules[] = {RP_SCHEDULE_ADAPTIVE, RP_SCHEDULE_STATIC,
                                            RP_SCHEDULE_DYNAMIC, RP_SCHEDULE_GUIDED,
                                            RP_SCHEDULE_FACTORING};
    int taken = 0;
    work_queue = make_work_queue(2);
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        taken += try_all_points(schedules[i], false);
        try_all_points(schedules[i], true);
    }
    free(work_queue);
    if (taken == 0) {
        fprintf(stderr, "FAILED: no claim met the suspects: the test shows nothing\n");
        return EXIT_FAILURE;
    }
    printf("ok: %d claims met the suspects\n", taken);
    return EXIT_SUCCESS;
}
