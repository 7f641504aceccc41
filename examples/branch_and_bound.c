#include <rankpool.h>
#include <stdio.h>

enum {
    THINGS = 24,
    CAPACITY = 444
};

/* Sorted: the most valuable per weight first. */
static const struct {
    int weight, value;
} things[THINGS] = {{14, 47}, {31, 98},  {19, 58}, {47, 139}, {22, 64},  {53, 149},
                    {17, 47}, {37, 100}, {29, 77}, {43, 113}, {61, 158}, {26, 66},
                    {34, 85}, {51, 126}, {38, 93}, {23, 56},  {57, 137}, {41, 98},
                    {33, 78}, {59, 138}, {28, 65}, {46, 106}, {39, 89},  {27, 61}};

/* A choice among the first things. */
struct choice {
    unsigned chosen; /* a bit each */
    int things, weight, value;
};

/* At most this value: as if a part of the first thing that does not fit could be taken. */
static double bound(struct choice choice)
{
    int i = choice.things, room = CAPACITY - choice.weight;
    double value = choice.value;
    for (; i < THINGS && things[i].weight <= room; i++) {
        room -= things[i].weight;
        value += things[i].value;
    }
    return i < THINGS ? value + (double)room * things[i].value / things[i].weight : value;
}

static int choose(rp_task *task, const void *item, void *result)
{
    const struct choice *choice = item;
    struct choice without = *choice, with = *choice;
    (void)result;
    if (rp_task_prunable(task, bound(*choice)))
        return 0;
    if (choice->things == THINGS)
        return rp_task_improve(task, choice->value, &choice->chosen);
    with.chosen |= 1u << choice->things;
    with.weight += things[choice->things].weight;
    with.value += things[choice->things].value;
    with.things = without.things = choice->things + 1;
    int code = rp_task_add(task, &without);
    /* The more promising child last: it is computed first. */
    return code == 0 && with.weight <= CAPACITY ? rp_task_add(task, &with) : code;
}

int main(int argc, char **argv)
{
    const struct choice nothing = {0, 0, 0, 0};
    double best;
    unsigned chosen;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "branch_and_bound");
    rp_status status = rp_worklist(pool, &(rp_worklist_job){.seeds = &nothing,
                                                            .n = 1,
                                                            .item_size = sizeof nothing,
                                                            .work = choose,
                                                            .goal = RP_GOAL_MAXIMISE,
                                                            .best = &best,
                                                            .witness = &chosen,
                                                            .witness_size = sizeof chosen});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool)) {
        printf("value %g:", best);
        for (int i = 0; i < THINGS; i++)
            if (chosen >> i & 1)
                printf(" %d", i);
        printf("\n");
    }
    int code = rp_report(pool, "branch_and_bound");
    rp_close(&pool);
    return code;
}
