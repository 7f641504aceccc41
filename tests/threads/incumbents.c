/* The shared incumbent of a branch and bound, with threads as ranks: what a thread sees is whole
 * and never gets worse, and in the end it is the best of all.
 *
 * usage: tests/threads/incumbents [OFFERS [THREADS]]
 *
 * Places follow from values and seeds, so one that mixes two incumbents is noticed. */
#include "threads.h"

#include "sched/incumbent.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 16
};

static struct shared_incumbent shared;
static struct incumbent best[MOST_THREADS]; /* of each thread's own offers */
static uint64_t offers = 20000, seen_new, turned_away;
static uint32_t threads = 6;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "FAILED: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct incumbent incumbent_of(uint64_t value, int64_t seed)
{
    struct incumbent incumbent = {.value = value, .seed = seed, .place.depth = PLACE_LEVELS};
    uint64_t word = value * 31 + (uint64_t)seed;
    for (int i = 0; i < PLACE_LEVELS; i++) {
        word = (word ^ word >> 31) * UINT64_C(0x9e3779b97f4a7c15);
        incumbent.place.numbers[i] = (uint16_t)(word >> 60);
    }
    return incumbent;
}

static void check_seen(const struct incumbent *before, const struct incumbent *now)
{
    struct incumbent whole = incumbent_of(now->value, now->seed);
    require(memcmp(&whole, now, sizeof whole) == 0, "a mixed incumbent");
    require(now->value <= before->value, "a worse value");
    require(now->value < before->value ||
                rpi_incumbent_order(now, before->seed, &before->place) <= 0,
            "a later place");
}

/* Values fall slowly, so that many are equal. */
static void offer(struct incumbent *own, uint64_t round)
{
    uint64_t value = 1000 + (offers - round) / 50 + next_random() % 4;
    struct incumbent incumbent = incumbent_of(value, (int64_t)(next_random() % 1000));
    rpi_incumbent_join(own, &incumbent, 0);
    rpi_bound_merge(&shared, value);
    while (!rpi_incumbent_share(&shared, &incumbent)) {
        __atomic_fetch_add(&turned_away, 1, __ATOMIC_RELAXED);
        sched_yield();
    }
    require(bound_best(&shared) <= value, "a bound that got worse");
}

static void *run(void *argument)
{
    struct incumbent *own = argument, copy = {.value = NO_INCUMBENT};
    uint64_t version = 0, skip = (uint64_t)(own - best) * 1000;
    while (skip-- > 0)
        next_random();
    for (uint64_t round = 0; round < offers; round++) {
        struct incumbent before = copy;
        uint64_t old = version;
        offer(own, round);
        rpi_incumbent_look(&shared, &copy, &version);
        if (version == old)
            continue;
        __atomic_fetch_add(&seen_new, 1, __ATOMIC_RELAXED);
        check_seen(&before, &copy);
    }
    return NULL;
}

static void check_end(void)
{
    struct incumbent all = {.value = NO_INCUMBENT}, copy = {.value = NO_INCUMBENT};
    uint64_t version = 0;
    for (uint32_t i = 0; i < threads; i++)
        rpi_incumbent_join(&all, &best[i], 0);
    rpi_incumbent_look(&shared, &copy, &version);
    require(memcmp(&copy, &all, sizeof all) == 0, "not the best of all");
    require(bound_best(&shared) == all.value, "another bound");
}

/* A rank has died while it was writing. */
static void check_death(void)
{
    struct incumbent better = incumbent_of(1, 1), copy = {.value = NO_INCUMBENT};
    uint64_t version = 0;
    atomic_fetch_add(&shared.version, 1);
    rpi_bound_merge(&shared, better.value);
    require(!rpi_incumbent_share(&shared, &better), "written by two");
    rpi_incumbent_look(&shared, &copy, &version);
    require(copy.value == NO_INCUMBENT && version == 0, "read while it was written");
    require(bound_best(&shared) == 1, "no bound after a death");
}

int main(int argc, char **argv)
{
    pthread_t thread[MOST_THREADS];
    if (argc > 1)
        offers = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        threads = (uint32_t)atoi(argv[2]);
    if (threads < 1 || threads > MOST_THREADS)
        return EXIT_FAILURE;
    rpi_incumbent_make(&shared);
    for (uint32_t i = 0; i < threads; i++) {
        best[i].value = NO_INCUMBENT;
        require(pthread_create(&thread[i], NULL, run, &best[i]) == 0, "no thread");
    }
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    check_end();
    check_death();
    printf("%" PRIu64 " offers by each of %" PRIu32 " threads, %" PRIu64 " times something new, "
           "%" PRIu64 " times turned away\n",
           offers, threads, seen_new, turned_away);
    return seen_new > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
