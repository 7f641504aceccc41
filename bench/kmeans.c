/* Steps of k-means in one rp_reduce() with `out`, compared with the same written by hand: each rank
 * computes its block of the points, and MPI_Allreduce() adds the sums. Start it with as many ranks
 * as cores. */
#include "measure.h"

#include <string.h>

enum {
    POINTS = 1000000,
    DIMENSIONS = 8,
    CENTRES = 16,
    STEPS = 5
};

struct sums {
    double sum[CENTRES][DIMENSIONS];
    double count[CENTRES];
};

static rp_pool *pool;
static const double *points;
static int *member;
static double centres[CENTRES][DIMENSIONS];

static int fill(void *memory, rp_range range, void *user)
{
    double *point = memory;
    (void)user;
    for (int64_t i = range.begin; i < range.end; i++) {
        rp_random random;
        rp_random_begin(&random, 1, i);
        for (int d = 0; d < DIMENSIONS; d++)
            point[i * DIMENSIONS + d] = rp_random_uniform(&random) + (double)(i % CENTRES) / 4;
    }
    return 0;
}

static int nearest(const double *point)
{
    double least = 1e300;
    int best = 0;
    for (int c = 0; c < CENTRES; c++) {
        double distance = 0;
        for (int d = 0; d < DIMENSIONS; d++)
            distance += (point[d] - centres[c][d]) * (point[d] - centres[c][d]);
        best = distance < least ? c : best;
        least = distance < least ? distance : least;
    }
    return best;
}

static void assign(const double *point, int64_t count, int *to, struct sums *sums)
{
    for (int64_t i = 0; i < count; i++, point += DIMENSIONS) {
        int c = to[i] = nearest(point);
        for (int d = 0; d < DIMENSIONS; d++)
            sums->sum[c][d] += point[d];
        sums->count[c]++;
    }
}

static void begin(void)
{
    memcpy(centres, points, sizeof centres);
}

static void move_centres(const struct sums *sums)
{
    for (int c = 0; c < CENTRES; c++)
        for (int d = 0; d < DIMENSIONS; d++)
            centres[c][d] = sums->sum[c][d] / (sums->count[c] > 0 ? sums->count[c] : 1);
}

static void run_by_hand(void *argument)
{
    rp_range mine = rp_block(POINTS, rp_ranks(pool), rp_rank(pool));
    (void)argument;
    begin();
    for (int step = 0; step < STEPS; step++) {
        struct sums sums, all;
        memset(&sums, 0, sizeof sums);
        assign(points + mine.begin * DIMENSIONS, mine.end - mine.begin, member + mine.begin, &sums);
        MPI_Allreduce(&sums, &all, sizeof sums / sizeof(double), MPI_DOUBLE, MPI_SUM,
                      MPI_COMM_WORLD);
        move_centres(&all);
    }
}

static int body(rp_task *task, rp_range range, const void *in, void *partial)
{
    assign(in, range.end - range.begin, rp_task_out(task), partial);
    return 0;
}

static int add(void *left, const void *right, void *user)
{
    struct sums *all = left;
    const struct sums *more = right;
    (void)user;
    for (int c = 0; c < CENTRES; c++) {
        for (int d = 0; d < DIMENSIONS; d++)
            all->sum[c][d] += more->sum[c][d];
        all->count[c] += more->count[c];
    }
    return 0;
}

static void run_reduce(void *argument)
{
    static const struct sums none;
    struct sums sums;
    (void)argument;
    begin();
    for (int step = 0; step < STEPS; step++) {
        rp_reduce_job job = {.n = POINTS,
                             .leaf = 4096,
                             .body = body,
                             .combine = add,
                             .identity = &none,
                             .in = points,
                             .in_size = DIMENSIONS * sizeof(double),
                             .in_place = RP_ON_NODES,
                             .out = member,
                             .out_size = sizeof *member,
                             .out_place = RP_ON_NODES,
                             .result = &sums,
                             .result_size = sizeof sums};
        if (rp_reduce(pool, &job) != RP_OK)
            give_up(pool, "rp_reduce");
        move_centres(&sums);
    }
}

int main(int argc, char **argv)
{
    struct times reduce = {.rounds = 0}, by_hand = {.rounds = 0};
    struct row row =
        row_beside("k-means: rp_reduce with out, beside MPI_Allreduce", &reduce, &by_hand, 0.95);
    struct rounds rounds;
    measure_arguments(argc, argv, 1);
    rounds = rounds_of(&row, 1);
    void *filled, *labels;
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "kmeans");
    if (rp_node_alloc_filled(pool, POINTS, DIMENSIONS * sizeof(double), fill, NULL, &filled) !=
            RP_OK ||
        rp_node_alloc(pool, POINTS * sizeof *member, &labels) != RP_OK)
        give_up(pool, "node memory");
    points = filled;
    member = labels;
    measure(run_by_hand, NULL);
    measure(run_reduce, NULL);
    while (rounds_next(&rounds)) {
        times_add(&by_hand, measure(run_by_hand, NULL));
        uint64_t expected = rp_fingerprint(0, member, POINTS * sizeof *member);
        times_add(&reduce, measure(run_reduce, NULL));
        if (rp_fingerprint(0, member, POINTS * sizeof *member) != expected)
            give_up(pool, "another membership");
    }
    return rp_exit_code(rp_close(&pool));
}
