/* How evenly each schedule divides a very uneven picture: the points of its upper half escape soon,
 * most of its lower half never. Start it with as many ranks as cores.
 *
 * The ideal time is the sum of the ranks' work, as each measures its own, divided by their
 * number. */
#include "fractal/picture.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SCHEDULES = RP_SCHEDULE_FACTORING + 1
};

static const char *const names[SCHEDULES] = {"default", "static", "dynamic", "guided", "factoring"};

static rp_pool *pool;
static struct picture picture;

static void draw(void *schedule)
{
    if (picture_draw(pool, &picture, *(const rp_schedule *)schedule) != RP_OK)
        give_up(pool, "the picture");
}

static double ideal_seconds(void)
{
    double sum;
    MPI_Allreduce(&picture.busy_seconds, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sum / rp_ranks(pool);
}

/* Times as multiples of the ideal, so that other load on the machine does not matter. */
static struct times in_ideals(const struct times *taken, const struct times *ideal)
{
    struct times multiples = {.rounds = 0};
    for (int round = 0; round < taken->rounds; round++)
        times_add(&multiples, taken->seconds[round] / ideal->seconds[round]);
    return multiples;
}

static void keep_least(struct times *best, const struct times *other)
{
    for (int round = 0; round < best->rounds; round++)
        if (other->seconds[round] < best->seconds[round])
            best->seconds[round] = other->seconds[round];
}

static void contest(int rounds)
{
    rp_schedule schedule = RP_SCHEDULE_ADAPTIVE;
    draw(&schedule); /* touches the memory */
    struct times taken[SCHEDULES] = {{.rounds = 0}}, ideal[SCHEDULES] = {{.rounds = 0}};
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < SCHEDULES; i++) {
            schedule = (rp_schedule)i;
            times_add(&taken[i], measure(draw, &schedule));
            times_add(&ideal[i], ideal_seconds());
        }
    }
    struct times ours = in_ideals(&taken[RP_SCHEDULE_ADAPTIVE], &ideal[RP_SCHEDULE_ADAPTIVE]);
    struct times best = in_ideals(&taken[RP_SCHEDULE_STATIC], &ideal[RP_SCHEDULE_STATIC]);
    for (int i = 0; i < SCHEDULES; i++) {
        char name[64];
        snprintf(name, sizeof name, "picture, %s: ideal / time", names[i]);
        print_ratio(name, &ideal[i], &taken[i], false, i == RP_SCHEDULE_ADAPTIVE ? 0.98 : 0);
        struct times other = in_ideals(&taken[i], &ideal[i]);
        if (i != RP_SCHEDULE_ADAPTIVE)
            keep_least(&best, &other);
    }
    print_ratio("picture: default / best other schedule", &ours, &best, true, 1.02);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 3;
    struct view view = {.columns = 4096,
                        .rows = 4096,
                        .antialias = 1,
                        .iterations = 300,
                        .center = {{-0.125, 0}, {0.86, 0}},
                        .zoom = 5};
    if (argc > 2)
        view.columns = view.rows = (uint64_t)atoi(argv[2]);
    if (rp_open(NULL, &pool) != RP_OK || !picture_begin(&picture, &view))
        return EXIT_FAILURE;
    contest(rounds);
    picture_end(&picture);
    return rp_exit_code(rp_close(&pool));
}
