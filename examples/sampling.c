/* Adaptive sampling: batches of random points are drawn until the mean is known well enough. The
 * ranks work ahead; what they have begun when the last batch turns out to be enough is cancelled.
 * Batches count in the order of submission, so the result does not depend on the ranks. */
#include <inttypes.h>
#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    SAMPLES = 10000, /* per batch */
    MOST = 1000,     /* batches */
    AHEAD = 16       /* batches that may be open at once */
};

/* The volume of the unit ball in four dimensions, by the part of a cube's points that it has. */
static int draw(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    rp_random random;
    int64_t inside = 0;
    (void)in;
    (void)bytes;
    rp_task_random(task, rp_task_item(task), &random);
    for (int i = 0; i < SAMPLES; i++) {
        double square = 0;
        for (int j = 0; j < 4; j++)
            square += pow(2 * rp_random_uniform(&random) - 1, 2);
        inside += square < 1;
    }
    return rp_task_cancelled(task) ? 1 : rp_buffer_append(result, &inside, sizeof inside);
}

/* Standard error of the volume, 16 times the part. */
static double standard_error(int64_t inside, int64_t drawn)
{
    double part = (double)inside / (double)drawn;
    return 16 * sqrt(part * (1 - part) / (double)drawn);
}

static int sample(rp_control *control, void *user)
{
    rp_future *open[AHEAD] = {NULL};
    int64_t inside = 0, drawn = 0, submitted = 0, taken = 0;
    double wanted = *(double *)user;
    while (taken < MOST && (drawn == 0 || standard_error(inside, drawn) > wanted)) {
        const void *result;
        size_t bytes;
        for (; submitted < taken + AHEAD; submitted++)
            if (rp_submit(control, 0, NULL, 0, NULL, &open[submitted % AHEAD]) != RP_OK)
                return 1;
        rp_future **next = &open[taken++ % AHEAD];
        if (rp_wait(*next, INFINITY) != RP_OK || rp_future_result(*next, &result, &bytes) != RP_OK)
            return 1;
        inside += *(const int64_t *)result;
        drawn += SAMPLES;
        rp_future_free(next);
    }
    for (; taken < submitted; taken++)
        rp_future_cancel(open[taken % AHEAD]);
    printf("%.3f after %" PRId64 " points, standard error %.4f\n",
           16 * (double)inside / (double)drawn, drawn, standard_error(inside, drawn));
    return rp_wait_all(control, INFINITY) == RP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[] = {draw};
    double wanted = 0.01;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "sampling");
    rp_control_run(pool, &(rp_control_job){.controller = sample,
                                           .calls = calls,
                                           .call_count = 1,
                                           .options = {.user = &wanted, .seed = 7}});
    int code = rp_report(pool, "sampling");
    rp_close(&pool);
    return code;
}
