/* How evenly and how soon nodes get work, compared with an even split made by hand from the known
 * cost of every item. */
#include "nodes.h"

struct contest {
    const char *name;
    int64_t items;
    double seconds;     /* of an item */
    int64_t first_long; /* the cost of the first item in multiples of the others' */
    double goal;
};

/* The long item counts as several of the others. */
static void run_by_hand(void *argument)
{
    const struct load *load = argument;
    int64_t first_long = load->steps_of_first / load->steps;
    int64_t units = load->items - 1 + first_long;
    rp_range mine = rp_block(units, rp_ranks(nodes_pool), rp_rank(nodes_pool));
    if (mine.begin == 0 && mine.end < first_long)
        mine.end = first_long;
    compute(load->steps * (mine.end - mine.begin));
}

void bench_balance(void)
{
    static const struct contest contests[] = {
        {"20000 items of 1 ms: loop, beside the ideal split", 20000, 1e-3, 1, 0.97},
        {"10^6 items of 10 us: loop, beside the ideal split", 1000000, 10e-6, 1, 0.97},
        {"one of 2 s among 3000 of 1 ms: loop, beside the ideal", 3000, 1e-3, 2000, 0.926},
    };
    open_pool(MPI_COMM_WORLD, false);
    for (size_t i = 0; i < sizeof contests / sizeof contests[0]; i++) {
        const struct contest *contest = &contests[i];
        struct times by_hand = {.rounds = 0}, loop = {.rounds = 0};
        int64_t steps = (int64_t)(contest->seconds * steps_per_second());
        struct load load = {contest->items, steps, steps * contest->first_long};
        struct row row = row_beside(contest->name, &loop, &by_hand, contest->goal);
        struct rounds rounds = rounds_of(&row, 1);
        while (rounds_next(&rounds)) {
            times_add(&by_hand, measure(run_by_hand, &load));
            times_add(&loop, measure(run_loop, &load));
        }
    }
    rp_close(&nodes_pool);
}
