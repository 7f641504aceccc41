#include <rankpool.h>
#include <stdio.h>

static bool is_prime(int64_t n)
{
    for (int64_t d = 2; d * d <= n; d++) {
        if (n % d == 0)
            return false;
    }
    return n > 1;
}

/* Is the odd number 2 item + 3 a prime, or the sum of a prime and twice a square? One that is not
 * refutes what Goldbach supposed in 1752, and is enough. */
static int check(rp_task *task, const void *in, void *out)
{
    int64_t odd = 2 * rp_task_item(task) + 3;
    bool found = is_prime(odd);
    (void)in;
    (void)out;
    for (int64_t s = 1; 2 * s * s < odd && !found; s++)
        found = is_prime(odd - 2 * s * s);
    return found ? 0 : rp_task_enough(task, rp_task_item(task));
}

int main(int argc, char **argv)
{
    const int64_t items = 1000000;
    int64_t lowest = items;
    rp_status status = RP_OK;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "enough");
    /* Each job finds some counterexample, and the next one looks for a lower one. */
    for (int64_t n = items; n > 0 && status == RP_OK; n = rp_enough_item(pool)) {
        lowest = n;
        status = rp_map(pool, &(rp_map_job){.n = n, .item = check});
    }
    if (status == RP_OK && lowest < items && rp_rank(pool) == rp_root(pool))
        printf("%d is the lowest counterexample\n", (int)(2 * lowest + 3));
    int code = rp_report(pool, "enough");
    rp_close(&pool);
    return code;
}
