/* Jobs of calls for tests: their functions, and what one asks of them. */
#ifndef RANKPOOL_TESTS_CALLS_JOBS_H
#define RANKPOOL_TESTS_CALLS_JOBS_H

#include "rankpool.h"

enum {
    SQUARE,          /* of an int64_t */
    ADD,             /* the results that it depends on, and its input */
    REPEAT,          /* its input, of any length */
    FAIL,            /* with code 7 and "call N is bad" */
    UNTIL_CANCELLED, /* then code 9 */
    NAP,             /* a millisecond */
    STUBBORN,        /* succeeds at the third attempt; else code 3 */
    FUNCTIONS
};

extern const rp_call_fn call_functions[FUNCTIONS];

/* Runs a controller with these functions. */
rp_status run_calls(rp_pool *pool, rp_controller_fn controller, void *user, rp_control_job job);

/* Runs a controller on this machine, and with a node for each rank. `user` is the number of ranks,
 * an int64_t. The job must succeed. */
void check_calls_everywhere(rp_controller_fn controller, rp_control_job job);

/* Submits a call with a number; it must be accepted. */
rp_future *submit_call(rp_control *control, int call, int64_t number,
                       const rp_call_options *options);

/* The result of a call that succeeded, a number. */
int64_t number_of_future(const rp_future *future);

/* Asks for the result of a call, which must give this status. */
void check_future_status(const rp_future *future, rp_status expected);

#endif
