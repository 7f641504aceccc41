/* Balance on uneven loads: the pull loop compared with an even split by hand, which is possible
 * here because the cost of every item is known before. */
#include "measure.h"
#include "work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ITEMS = 1000000,
    MEAN_STEPS = 400
};

struct load {
    const char *name;
    uint32_t *steps; /* of work in each item */
    rp_pool *pool;
    rp_range by_hand; /* this rank's part of an even split */
};

static void run_by_hand(void *argument)
{
    const struct load *load = argument;
    for (int64_t item = load->by_hand.begin; item < load->by_hand.end; item++)
        compute(load->steps[item]);
}

static void run_loop(void *argument)
{
    const struct load *load = argument;
    rp_loop *loop;
    rp_range range;
    rp_loop_open(load->pool, ITEMS, NULL, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            compute(load->steps[item]);
    }
    rp_loop_close(&loop, RP_OK);
}

/* The items that an even split of all steps gives to this rank. */
static void split_by_hand(struct load *load)
{
    uint64_t total = 0, before = 0;
    int ranks = rp_ranks(load->pool), rank = rp_rank(load->pool);
    for (int item = 0; item < ITEMS; item++)
        total += load->steps[item];
    load->by_hand = (rp_range){0, ITEMS};
    for (int item = 0; item < ITEMS; item++) {
        if (before * (uint64_t)ranks < total * (uint64_t)rank)
            load->by_hand.begin = item + 1;
        if (before * (uint64_t)ranks >= total * (uint64_t)(rank + 1)) {
            load->by_hand.end = item;
            break;
        }
        before += load->steps[item];
    }
}

static void fill_even(struct load *load)
{
    for (int item = 0; item < ITEMS; item++)
        load->steps[item] = MEAN_STEPS;
}

static void fill_linear(struct load *load)
{
    for (int item = 0; item < ITEMS; item++)
        load->steps[item] = (uint32_t)(2.0 * MEAN_STEPS * item / ITEMS);
}

/* Exponentially distributed. */
static void fill_random(struct load *load)
{
    srand48(1);
    for (int item = 0; item < ITEMS; item++)
        load->steps[item] = (uint32_t)(-log(1.0 - drand48()) * MEAN_STEPS);
}

/* One item a thousand times longer, at the end of a share: it is begun after all other items. */
static void fill_one_long(struct load *load)
{
    fill_even(load);
    load->steps[ITEMS - 1] = 1000 * MEAN_STEPS;
}

static void contest(struct load *load)
{
    struct times by_hand = {.rounds = 0}, loop = {.rounds = 0};
    struct row row = row_beside(load->name, &loop, &by_hand, 0.98);
    struct rounds rounds = rounds_of(&row, 1);
    split_by_hand(load);
    while (rounds_next(&rounds)) {
        times_add(&by_hand, measure(run_by_hand, load));
        times_add(&loop, measure(run_loop, load));
    }
}

int main(int argc, char **argv)
{
    measure_arguments(argc, argv, 4);
    struct load load = {.steps = malloc(ITEMS * sizeof *load.steps)};
    if (rp_open(NULL, &load.pool) != RP_OK || load.steps == NULL)
        return EXIT_FAILURE;
    static void (*const fill[])(struct load *) = {fill_even, fill_linear, fill_random,
                                                  fill_one_long};
    static const char *const names[] = {"even items: loop, beside the ideal split",
                                        "linearly growing: loop, beside the ideal split",
                                        "random: loop, beside the ideal split",
                                        "one 1000 times longer: loop, beside the ideal split"};
    for (size_t i = 0; i < sizeof fill / sizeof fill[0]; i++) {
        load.name = names[i];
        fill[i](&load);
        contest(&load);
    }
    free(load.steps);
    return rp_exit_code(rp_close(&load.pool));
}
