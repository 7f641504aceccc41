/* A minimal reduction, for tests of something else. */
#ifndef RANKPOOL_TESTS_COUNTING_JOBS_H
#define RANKPOOL_TESTS_COUNTING_JOBS_H

#include "rankpool.h"

/* A body: adds the number of items to an int64_t. */
int count_items(rp_task *task, rp_range range, const void *in, void *result);

/* Add two int64_t, and two doubles. */
int add_integers(void *left, const void *right, void *user);
int add_doubles(void *left, const void *right, void *user);

#endif
