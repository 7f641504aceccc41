/* Split deques and their commits, with threads as ranks: every item of a tree exactly once, also
 * where threads die.
 *
 * usage: tests/threads/task_deques [JOBS [THREADS]]
 *
 * A thread dies before one of its accesses to shared words, in the library's functions or in a
 * task: each access calls the test. Thread 0 never dies: it is the root. */
#include "dying_threads.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

static void reach_point(void);

static void fence(memory_order order)
{
    reach_point();
    atomic_signal_fence(order);
}

static void set_32(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store(word, value);
}

static void store_32(_Atomic uint32_t *word, uint32_t value, memory_order order)
{
    reach_point();
    atomic_store_explicit(word, value, order);
    reach_point();
}

static void store_64(_Atomic uint64_t *word, uint64_t value, memory_order order)
{
    reach_point();
    atomic_store_explicit(word, value, order);
    reach_point();
}

static uint32_t fetch_add_32(_Atomic uint32_t *word, uint32_t value)
{
    reach_point();
    return atomic_fetch_add(word, value);
}

static bool exchange_32(_Atomic uint32_t *word, uint32_t *expected, uint32_t wanted)
{
    reach_point();
    return atomic_compare_exchange_strong(word, expected, wanted);
}

static bool exchange_64(_Atomic uint64_t *word, uint64_t *expected, uint64_t wanted)
{
    reach_point();
    bool done = atomic_compare_exchange_strong(word, expected, wanted);
    if (done)
        reach_point();
    return done;
}

#undef atomic_signal_fence
#define atomic_signal_fence(order) fence(order)
#undef atomic_store_explicit
#define atomic_store_explicit(word, value, order) \
    _Generic((word), _Atomic uint32_t *: store_32, _Atomic uint64_t *: store_64)(word, value, order)
#undef atomic_store
#define atomic_store(word, value) atomic_store_explicit(word, value, memory_order_seq_cst)
#undef atomic_fetch_add
#define atomic_fetch_add(word, value) fetch_add_32(word, value)
#undef atomic_compare_exchange_strong
#define atomic_compare_exchange_strong(word, expected, wanted) \
    _Generic((word), _Atomic uint32_t *: exchange_32, _Atomic uint64_t *: exchange_64)( \
        word, expected, wanted)
#undef atomic_compare_exchange_weak
#define atomic_compare_exchange_weak(word, expected, wanted) \
    atomic_compare_exchange_strong(word, expected, wanted)

#include "sched/deque_group.c"
#include "sched/split_deque.c"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

struct item {
    uint64_t name;
    uint32_t depth;
};

struct result {
    uint64_t items, names;
};

static struct work_queue *work_queue;
static struct deque_group *group;
static struct deque_shape shape;
static uint32_t threads = 6;
static uint64_t jobs_wanted = 3000, jobs, deaths, steals, nested;

/* The current job, set by thread 0 between jobs. */
static struct result expected;
static uint32_t branching, deepest, batch;
static int64_t points_left_of[MOST_THREADS]; /* -1: the thread lives */

static _Thread_local int64_t points_left = -1;

static void reach_point(void)
{
    if (points_left > 0 && --points_left == 0)
        die();
    if (next_random() % 32 == 0)
        sched_yield(); /* with more threads than cores, they would hardly meet */
}

static double attend(void *closure)
{
    (void)closure;
    return notice_deaths(work_queue, threads);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return (word ^ word >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint32_t children_of(const struct item *item)
{
    uint32_t any = (uint32_t)(mix(item->name) >> 40) % (branching + 1);
    return item->depth >= deepest ? 0 : item->depth < 3 && any == 0 ? 1 : any;
}

static struct item child_of(const struct item *item, uint32_t number)
{
    return (struct item){mix(item->name * 31 + number + 1), item->depth + 1};
}

static void count(struct result *result, const struct item *item)
{
    result->items++;
    result->names += item->name;
}

static void expect_tree(struct item item)
{
    count(&expected, &item);
    for (uint32_t i = 0; i < children_of(&item); i++)
        expect_tree(child_of(&item, i));
}

/* ---- a rank ---------------------------------------------------------------------------------- */

static void compute(struct deque_owner *owner, const struct item *item, uint32_t alone)
{
    count((struct result *)owner->result->bytes, item);
    owner->result->items++;
    for (uint32_t i = 0; i < children_of(item); i++) {
        struct item child = child_of(item, i);
        struct deque_entry *entry = deque_next(owner);
        reach_point();
        if (entry == NULL) {
            __atomic_fetch_add(&nested, 1, __ATOMIC_RELAXED);
            compute(owner, &child, alone);
            continue;
        }
        *entry = (struct deque_entry){.alone = (uint16_t)(alone > 0 ? alone - 1 : 0)};
        memcpy(entry->item, &child, sizeof child);
        deque_push(owner);
    }
}

static void compute_batch(struct deque_owner *owner)
{
    uint32_t most = deque_peek(owner)->alone > 0 ? 1 : batch;
    for (uint32_t i = 0; i < most && !deque_empty(owner); i++) {
        const struct deque_entry *entry = deque_pop(owner, deque_peek(owner));
        const uint32_t place = owner->top;
        compute(owner, (const struct item *)entry->item, entry->alone);
        if (owner->top != place)
            deque_popped(owner);
    }
    if (rpi_deque_commit(owner))
        rpi_deque_group_shared(group, work_queue);
}

static void work(void)
{
    struct deque_owner owner;
    struct deque_search search = {
        .group = group, .work_queue = work_queue, .owner = &owner, .attend = attend};
    if (!rpi_deque_own(&owner, rpi_deque_group_at(group, me)))
        abort();
    void *volatile scratch = owner.scratch;
    points_left = points_left_of[me];
    if (setjmp(death) == 0) {
        do {
            while (!deque_empty(&owner))
                compute_batch(&owner);
        } while (rpi_deque_search(&search));
    }
    points_left = -1;
    __atomic_fetch_add(&steals, search.steals, __ATOMIC_RELAXED);
    free(scratch);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void choose_job(void)
{
    static const int64_t zero[2];
    jobs++;
    branching = 1 + next_random() % 6;
    deepest = branching < 3 ? 100 : branching < 5 ? 10 : 7;
    batch = 1 + next_random() % (next_random() % 2 == 0 ? 4 : DEQUE_BATCH);
    shape = (struct deque_shape){.capacity = 2u << next_random() % 8,
                                 .entry_size = (uint32_t)rpi_deque_entry_bytes(sizeof(struct item)),
                                 .result_size = sizeof(struct result)};
    for (uint32_t thread = 0; thread < threads; thread++) {
        set_32(&work_queue->lane[thread].lost, 0);
        dead[thread] = false;
        bool dies = thread > 0 && jobs % 4 != 0 && next_random() % 2 == 0;
        points_left_of[thread] =
            dies ? (int64_t)(1 + next_random() % (next_random() % 2 ? 60 : 2000)) : -1;
    }
    free(group);
    group = aligned_alloc(DEQUE_APART, rpi_deque_group_bytes(threads, &shape));
    if (group == NULL)
        abort();
    rpi_deque_group_make(group, work_queue, threads, threads, &shape, zero);
    expected = (struct result){0, 0};
    for (uint32_t i = 0; i < 3; i++) {
        struct deque_entry *entry =
            rpi_deque_seed(rpi_deque_group_at(group, next_random() % threads));
        struct item seed = {mix(jobs * 3 + i), 0};
        if (entry == NULL)
            continue;
        *entry = (struct deque_entry){.seed = i};
        memcpy(entry->item, &seed, sizeof seed);
        expect_tree(seed);
    }
}

static void check_job(void)
{
    struct result sum = {0, 0};
    uint64_t counted = 0;
    for (uint32_t thread = 0; thread < threads; thread++) {
        const struct deque_result *part = rpi_deque_result(rpi_deque_group_at(group, thread));
        const struct result *result = (const struct result *)part->bytes;
        sum.items += result->items;
        sum.names += result->names;
        counted += part->items;
        deaths += dead[thread];
    }
    if (sum.items == expected.items && sum.names == expected.names && counted == sum.items)
        return;
    fprintf(stderr,
            "FAILED: job %" PRIu64 ": %" PRIu64 " items of %" PRIu64 ", names %s (capacity %u, "
            "batches of %u)\n",
            jobs, sum.items, expected.items, sum.names == expected.names ? "right" : "wrong",
            shape.capacity, batch);
    exit(EXIT_FAILURE);
}

/* Each thread begins elsewhere in the random numbers. */
static void spread_random(void)
{
    for (uint32_t i = 0; i < me; i++)
        next_random();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        jobs_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = (uint32_t)atoi(argv[2]);
    if (threads < 1 || threads > MOST_THREADS)
        return EXIT_FAILURE;
    work_queue = make_work_queue(threads);
    run_thread_jobs(&(struct thread_jobs){.threads = threads,
                                          .begin = spread_random,
                                          .choose = choose_job,
                                          .work = work,
                                          .check = check_job,
                                          .jobs = &jobs,
                                          .wanted = jobs_wanted});
    printf("%" PRIu64 " jobs, %" PRIu64 " deaths, %" PRIu64 " steals, %" PRIu64
           " items computed inside others\n",
           jobs, deaths, steals, nested);
    free(group);
    free(work_queue);
    return deaths > 0 && steals > 0 && nested > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
