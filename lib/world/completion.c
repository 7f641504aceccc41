#include "world/completion.h"

#include "base/waiting.h"

#include <sched.h>

/* Awake for about as long as going to sleep and waking up takes. */
enum {
    POLLS = 100,
    YIELDS = 2
};

int rpi_complete(int count, MPI_Request *requests, MPI_Status *statuses, bool spin)
{
    const double longest = 1e-3;
    const int awake = spin ? POLLS : YIELDS;
    double sleep = 20e-6;
    int code, done;
    for (int polls = 1;
         (code = MPI_Testall(count, requests, &done, statuses)) == MPI_SUCCESS && !done; polls++) {
        if (polls <= awake) {
            sched_yield();
            continue;
        }
        rpi_sleep(sleep);
        sleep = 2 * sleep < longest ? 2 * sleep : longest;
    }
    return code;
}
