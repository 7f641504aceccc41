#include "counting_jobs.h"

int count_items(rp_task *task, rp_range range, const void *in, void *result)
{
    (void)task;
    (void)in;
    *(int64_t *)result += range.end - range.begin;
    return 0;
}

int add_integers(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

int add_doubles(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}
