#include <rankpool.h>
#include <stdio.h>
#include <string.h>

enum {
    POINTS = 50000,
    CENTRES = 5,
    MAX_STEPS = 100
};

struct point {
    double x, y;
};

/* What a leaf adds up: for each centre, its points. */
struct sums {
    struct point sum[CENTRES];
    int64_t count[CENTRES];
};

static int scatter_points(void *memory, rp_range range, void *user)
{
    struct point *point = memory;
    (void)user;
    for (int64_t i = range.begin; i < range.end; i++) {
        rp_random random;
        rp_random_begin(&random, 1, i);
        double around = (double)(i % CENTRES);
        point[i].x = around * around + rp_random_normal(&random);
        point[i].y = 4 * around + rp_random_normal(&random);
    }
    return 0;
}

static int nearest(const struct point *centre, const struct point *point)
{
    int best = 0;
    double least = 1e300;
    for (int c = 0; c < CENTRES; c++) {
        double x = point->x - centre[c].x, y = point->y - centre[c].y;
        double distance = x * x + y * y;
        best = distance < least ? c : best;
        least = distance < least ? distance : least;
    }
    return best;
}

/* In one pass: stores the centre of each point, and adds the point to the sums of its centre. */
static int assign(rp_task *task, rp_range range, const void *in, void *partial)
{
    const struct point *point = in;
    struct sums *sums = partial;
    int *centre = rp_task_out(task);
    for (int64_t i = 0; i < range.end - range.begin; i++) {
        int c = centre[i] = nearest(rp_task_user(task), &point[i]);
        sums->sum[c].x += point[i].x;
        sums->sum[c].y += point[i].y;
        sums->count[c]++;
    }
    return 0;
}

static int add_sums(void *left, const void *right, void *user)
{
    struct sums *all = left;
    const struct sums *more = right;
    (void)user;
    for (int c = 0; c < CENTRES; c++) {
        all->sum[c].x += more->sum[c].x;
        all->sum[c].y += more->sum[c].y;
        all->count[c] += more->count[c];
    }
    return 0;
}

/* Moves each centre to the mean of its points. Every rank has the same sums, so all of them move
 * the centres alike. Returns how many moved. */
static int move_centres(struct point *centre, const struct sums *sums)
{
    int moved = 0;
    for (int c = 0; c < CENTRES; c++) {
        double count = sums->count[c] > 0 ? (double)sums->count[c] : 1;
        struct point mean = {sums->sum[c].x / count, sums->sum[c].y / count};
        moved += memcmp(&mean, &centre[c], sizeof mean) != 0;
        centre[c] = mean;
    }
    return moved;
}

int main(int argc, char **argv)
{
    static const struct sums none;
    struct point centre[CENTRES];
    struct sums sums;
    rp_pool *pool;
    void *points, *member; /* in node memory: all of them on every node */
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "kmeans");
    rp_status status =
        rp_node_alloc_filled(pool, POINTS, sizeof(struct point), scatter_points, NULL, &points);
    if (status == RP_OK)
        status = rp_node_alloc(pool, POINTS * sizeof(int), &member);
    if (status == RP_OK)
        memcpy(centre, points, sizeof centre);
    int steps = 0;
    for (int moved = 1; moved > 0 && steps < MAX_STEPS && status == RP_OK; steps++) {
        status = rp_reduce(pool, &(rp_reduce_job){.n = POINTS,
                                                  .leaf = 1000,
                                                  .body = assign,
                                                  .combine = add_sums,
                                                  .identity = &none,
                                                  .in = points,
                                                  .in_size = sizeof(struct point),
                                                  .in_place = RP_ON_NODES,
                                                  .out = member,
                                                  .out_size = sizeof(int),
                                                  .out_place = RP_ON_NODES,
                                                  .result = &sums,
                                                  .result_size = sizeof sums,
                                                  .options = {.user = centre}});
        if (status == RP_OK)
            moved = move_centres(centre, &sums);
    }
    if (status == RP_OK && rp_rank(pool) == rp_root(pool)) {
        for (int c = 0; c < CENTRES; c++)
            printf("%.9f %.9f: %d points\n", centre[c].x, centre[c].y, (int)sums.count[c]);
        printf("%d steps, membership %016llx\n", steps,
               (unsigned long long)rp_fingerprint(0, member, POINTS * sizeof(int)));
    }
    int code = rp_report(pool, "kmeans");
    rp_close(&pool);
    return code;
}
