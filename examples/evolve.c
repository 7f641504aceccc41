/* Differential evolution without generations (Storn and Price, 1997): as soon as a candidate has
 * been evaluated, it replaces its parent if it is better, and another candidate is made of what is
 * best by then. No rank waits for the slowest one of a generation. */
#include <math.h>
#include <rankpool.h>
#include <stdio.h>
#include <string.h>

enum {
    DIMENSIONS = 4,
    MEMBERS = 40,
    MOST = 60000 /* evaluations */
};

struct member {
    double x[DIMENSIONS], value;
    int place; /* in the population */
};

/* Rosenbrock's function: 0 at (1, 1, 1, 1), at the end of a curved valley. */
static int evaluate(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    struct member member = *(const struct member *)in;
    const double *x = member.x;
    (void)task;
    (void)bytes;
    member.value = 0;
    for (int i = 0; i < DIMENSIONS - 1; i++)
        member.value += 100 * pow(x[i + 1] - x[i] * x[i], 2) + pow(1 - x[i], 2);
    return rp_buffer_append(result, &member, sizeof member);
}

static struct member population[MEMBERS];
static rp_random randomness;

/* Mixes three others into the member at `place`. */
static struct member candidate(int place)
{
    struct member made = population[place];
    const struct member *a = &population[rp_random_below(&randomness, MEMBERS)],
                        *b = &population[rp_random_below(&randomness, MEMBERS)],
                        *c = &population[rp_random_below(&randomness, MEMBERS)];
    int always = (int)rp_random_below(&randomness, DIMENSIONS);
    for (int i = 0; i < DIMENSIONS; i++)
        if (i == always || rp_random_uniform(&randomness) < 0.9)
            made.x[i] = a->x[i] + 0.6 * (b->x[i] - c->x[i]);
    return made;
}

static int submit(rp_control *control, const struct member *member)
{
    rp_future *future;
    return rp_submit(control, 0, member, sizeof *member, NULL, &future) == RP_OK ? 0 : 1;
}

/* Takes the next evaluation that is done. Returns its place, or -1. */
static int take(rp_control *control)
{
    rp_future *future;
    const void *result;
    size_t bytes;
    struct member member;
    if (rp_wait_any(control, INFINITY, &future) != RP_OK || future == NULL ||
        rp_future_result(future, &result, &bytes) != RP_OK)
        return -1;
    memcpy(&member, result, sizeof member);
    rp_future_free(&future);
    if (member.value < population[member.place].value)
        population[member.place] = member;
    return member.place;
}

static const struct member *best_member(void)
{
    const struct member *best = &population[0];
    for (int i = 1; i < MEMBERS; i++)
        if (population[i].value < best->value)
            best = &population[i];
    return best;
}

static int evolve(rp_control *control, void *user)
{
    int failed = 0, place = 0;
    (void)user;
    rp_random_begin(&randomness, 42, 0);
    for (int i = 0; i < MEMBERS && failed == 0; i++) {
        struct member member = {.place = i};
        for (int j = 0; j < DIMENSIONS; j++)
            member.x[j] = 10 * rp_random_uniform(&randomness) - 5;
        population[i] = member;
        population[i].value = INFINITY;
        failed = submit(control, &member);
    }
    for (int done = 0; done < MOST && failed == 0 && best_member()->value > 1e-12; done++) {
        place = take(control);
        struct member made = candidate(place >= 0 ? place : 0);
        failed = place < 0 ? 1 : submit(control, &made);
    }
    if (failed != 0 || rp_wait_all(control, INFINITY) != RP_OK)
        return 1;
    const struct member *best = best_member();
    printf("minimum %.6f at %.3f %.3f %.3f %.3f\n", best->value, best->x[0], best->x[1], best->x[2],
           best->x[3]);
    return 0;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[] = {evaluate};
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "evolve");
    rp_control_run(pool, &(rp_control_job){.controller = evolve, .calls = calls, .call_count = 1});
    int code = rp_report(pool, "evolve");
    rp_close(&pool);
    return code;
}
