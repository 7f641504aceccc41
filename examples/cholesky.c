/* A task graph: the Cholesky factorisation A = L L' of a matrix cut into tiles. Each step of a tile
 * is a call that depends on earlier ones and gets their results; the library begins a call when the
 * last of these is there, on any rank of any node. Steps nearer to the end have priority. */
#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    TILES = 6,
    SIZE = 32, /* of a tile */
    MAKE = 0,
    FACTOR,
    SOLVE,
    UPDATE,
    CALLS
};

typedef double tile[SIZE][SIZE];

struct place {
    int row, column;
};

/* The matrix: min(i, j) + 1, whose factor is all ones. */
static int make(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    const struct place *place = in;
    double(*a)[SIZE] = rp_buffer_resize(result, sizeof(tile));
    (void)task;
    (void)bytes;
    for (int i = 0; a != NULL && i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            a[i][j] = fmin(place->row * SIZE + i, place->column * SIZE + j) + 1;
    return a != NULL ? 0 : 1;
}

/* Copies the first result that the call depends on to its own result. */
static double (*copy_of(rp_task *task, rp_buffer *result))[SIZE]
{
    size_t bytes;
    const void *before = rp_task_after(task, 0, &bytes);
    return rp_buffer_append(result, before, bytes) == 0 ? rp_buffer_data(result) : NULL;
}

/* A tile of the diagonal becomes its own factor. */
static int factor(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    double(*a)[SIZE] = copy_of(task, result);
    (void)in;
    (void)bytes;
    for (int j = 0; a != NULL && j < SIZE; j++) {
        for (int k = 0; k < j; k++)
            for (int i = j; i < SIZE; i++)
                a[i][j] -= a[i][k] * a[j][k];
        if (a[j][j] <= 0)
            return rp_task_fail(task, rp_task_item(task), 1, "not positive definite");
        double root = sqrt(a[j][j]);
        for (int i = 0; i < SIZE; i++)
            a[i][j] = i < j ? 0 : a[i][j] / root;
    }
    return a != NULL ? 0 : 1;
}

/* A tile below the diagonal: A := A L'^-1, for the factor L of its column. */
static int solve(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    double(*a)[SIZE] = copy_of(task, result);
    const double(*l)[SIZE] = rp_task_after(task, 1, &bytes);
    (void)in;
    for (int i = 0; a != NULL && i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            for (int k = 0; k < j; k++)
                a[i][j] -= a[i][k] * l[j][k];
            a[i][j] /= l[j][j];
        }
    }
    return a != NULL ? 0 : 1;
}

/* A := A - L M', for two tiles of a column that is finished. */
static int update(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    double(*a)[SIZE] = copy_of(task, result);
    const double(*l)[SIZE] = rp_task_after(task, 1, &bytes);
    const double(*m)[SIZE] = rp_task_after(task, 2, &bytes);
    (void)in;
    for (int i = 0; a != NULL && i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            for (int k = 0; k < SIZE; k++)
                a[i][j] -= l[i][k] * m[j][k];
    return a != NULL ? 0 : 1;
}

/* Replaces a tile by the result of a call that needs it, and up to two others. */
static int step(rp_control *control, int call, int priority, rp_future **a, rp_future *l,
                rp_future *m)
{
    rp_future *after[] = {*a, l, m}, *next;
    rp_call_options options = {.priority = priority,
                               .after = after,
                               .after_count = 1 + (l != NULL) + (m != NULL)};
    if (rp_submit(control, call, NULL, 0, &options, &next) != RP_OK)
        return 1;
    rp_future_free(a);
    *a = next;
    return 0;
}

/* The largest difference of the factor from ones. */
static int check(rp_future *a[TILES][TILES], double *worst)
{
    for (int row = 0; row < TILES; row++) {
        for (int column = 0; column <= row; column++) {
            const void *data;
            size_t bytes;
            if (rp_wait(a[row][column], INFINITY) != RP_OK ||
                rp_future_result(a[row][column], &data, &bytes) != RP_OK)
                return 1;
            const double(*l)[SIZE] = data;
            for (int i = 0; i < SIZE; i++)
                for (int j = 0; j < SIZE; j++)
                    *worst = fmax(*worst, fabs(l[i][j] - (row > column || i >= j)));
        }
    }
    return 0;
}

static int factorise(rp_control *control, void *user)
{
    rp_future *a[TILES][TILES];
    int failed = 0;
    double worst = 0;
    (void)user;
    for (int i = 0; i < TILES; i++)
        for (int j = 0; j <= i; j++)
            failed |= rp_submit(control, MAKE, &(struct place){i, j}, sizeof(struct place), NULL,
                                &a[i][j]) != RP_OK;
    for (int k = 0; k < TILES && !failed; k++) {
        failed |= step(control, FACTOR, 3, &a[k][k], NULL, NULL);
        for (int i = k + 1; i < TILES && !failed; i++)
            failed |= step(control, SOLVE, 2, &a[i][k], a[k][k], NULL);
        for (int i = k + 1; i < TILES && !failed; i++)
            for (int j = k + 1; j <= i && !failed; j++)
                failed |= step(control, UPDATE, j == k + 1, &a[i][j], a[i][k], a[j][k]);
    }
    if (failed || check(a, &worst) != 0)
        return 1;
    printf("a factor of %d x %d, largest error %s\n", TILES * SIZE, TILES * SIZE,
           worst < 1e-10 ? "below 1e-10" : "too large");
    return 0;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[CALLS] = {
        [MAKE] = make, [FACTOR] = factor, [SOLVE] = solve, [UPDATE] = update};
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "cholesky");
    rp_control_run(pool,
                   &(rp_control_job){.controller = factorise, .calls = calls, .call_count = CALLS});
    int code = rp_report(pool, "cholesky");
    rp_close(&pool);
    return code;
}
