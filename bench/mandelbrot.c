/* How evenly each schedule divides a very uneven picture: the points of its upper half escape soon,
 * most of its lower half never. Start it with as many ranks as cores.
 *
 * The ideal time is the sum of the ranks' work, as each measures its own, divided by their
 * number. */
#include "fractal/picture.h"
#include "measure.h"

#include <math.h>
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

/* Draws with each schedule; returns the least time of another than the default, as a multiple of
 * its ideal, so that other load on the machine does not matter. */
static double draw_with_each(struct times *taken, struct times *ideal)
{
    double best = HUGE_VAL;
    for (int i = 0; i < SCHEDULES; i++) {
        rp_schedule schedule = (rp_schedule)i;
        double seconds = measure(draw, &schedule), least = ideal_seconds();
        times_add(&taken[i], seconds);
        times_add(&ideal[i], least);
        if (i != RP_SCHEDULE_ADAPTIVE && seconds / least < best)
            best = seconds / least;
    }
    return best;
}

static void contest(void)
{
    static struct times taken[SCHEDULES], ideal[SCHEDULES], best, ours;
    char labels[SCHEDULES][64];
    struct row rows[SCHEDULES + 1];
    rp_schedule schedule = RP_SCHEDULE_ADAPTIVE;
    for (int i = 0; i < SCHEDULES; i++) {
        snprintf(labels[i], sizeof labels[i], "picture, %s, beside the ideal split", names[i]);
        rows[i] = row_beside(labels[i], &taken[i], &ideal[i], i == RP_SCHEDULE_ADAPTIVE ? 0.98 : 0);
    }
    rows[SCHEDULES] =
        row_beside("picture, default, beside the best other schedule", &ours, &best, 0.98);
    struct rounds rounds = rounds_of(rows, SCHEDULES + 1);
    draw(&schedule); /* touches the memory */
    while (rounds_next(&rounds)) {
        times_add(&best, draw_with_each(taken, ideal));
        int last = taken[RP_SCHEDULE_ADAPTIVE].rounds - 1;
        times_add(&ours, taken[RP_SCHEDULE_ADAPTIVE].seconds[last] /
                             ideal[RP_SCHEDULE_ADAPTIVE].seconds[last]);
    }
}

int main(int argc, char **argv)
{
    struct view view = {.columns = 2048,
                        .rows = 2048,
                        .antialias = 1,
                        .iterations = 300,
                        .center = {{-0.125, 0}, {0.86, 0}},
                        .zoom = 5};
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK || !picture_begin(&picture, &view))
        return EXIT_FAILURE;
    contest();
    picture_end(&picture);
    return rp_exit_code(rp_close(&pool));
}
