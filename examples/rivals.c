/* Several ways to one answer: the first that arrives counts, and the others are cancelled. Here a
 * factor of a number, by Pollard's rho method with several polynomials x^2 + c. */
#include <inttypes.h>
#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    RIVALS = 4
};

static const uint64_t number = UINT64_C(1000000007) * UINT64_C(998244353);

static uint64_t step(uint64_t x, uint64_t c)
{
    __extension__ unsigned __int128 square = (unsigned __int128)x * x + c;
    return (uint64_t)(square % number);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Fails if the sequence repeats itself before it has given a factor. */
static int factor(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    uint64_t c = *(const uint64_t *)in, slow = 2, fast = 2, divisor = 1;
    (void)bytes;
    while (divisor == 1 && !rp_task_cancelled(task)) {
        slow = step(slow, c);
        fast = step(step(fast, c), c);
        divisor = common_divisor(slow > fast ? slow - fast : fast - slow, number);
    }
    return divisor == 1 || divisor == number ? 1
                                             : rp_buffer_append(result, &divisor, sizeof divisor);
}

/* Runs on the root. */
static int race(rp_control *control, void *user)
{
    rp_future *rivals[RIVALS] = {NULL};
    const void *found = NULL;
    size_t bytes;
    int first = 0;
    (void)user;
    for (uint64_t c = 1; c <= RIVALS; c++)
        if (rp_submit(control, 0, &c, sizeof c, NULL, &rivals[c - 1]) != RP_OK)
            return 1;
    while (found == NULL) {
        if (rp_wait_any_of(rivals, RIVALS, INFINITY, &first) != RP_OK || first < 0)
            return 1;
        if (rp_future_result(rivals[first], &found, &bytes) != RP_OK)
            rp_future_free(&rivals[first]); /* no longer one of them */
    }
    for (int i = 0; i < RIVALS; i++)
        if (rivals[i] != NULL)
            rp_future_cancel(rivals[i]);
    uint64_t divisor = *(const uint64_t *)found, other = number / divisor;
    printf("%" PRIu64 " = %" PRIu64 " x %" PRIu64 "\n", number, divisor < other ? divisor : other,
           divisor < other ? other : divisor);
    return rp_wait_all(control, INFINITY) == RP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[] = {factor};
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "rivals");
    rp_control_run(pool, &(rp_control_job){.controller = race, .calls = calls, .call_count = 1});
    int code = rp_report(pool, "rivals");
    rp_close(&pool);
    return code;
}
