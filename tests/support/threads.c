#include "threads.h"

#include <stdlib.h>
#include <string.h>

uint32_t next_random(void)
{
    static _Thread_local uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

struct work_queue *make_work_queue(uint32_t threads)
{
    size_t bytes = (rpi_work_queue_bytes(threads) + APART - 1) / APART * APART;
    struct work_queue *work_queue = aligned_alloc(APART, bytes);
    if (work_queue == NULL)
        abort();
    memset(work_queue, 0, bytes);
    rpi_work_queue_make(work_queue, threads);
    return work_queue;
}
