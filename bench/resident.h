/* Growth of this process's resident memory while a function runs.
 *
 * Private memory (RssAnon in /proc/self/status: heap, stacks) adds up over the ranks of a node;
 * shared memory (RssShmem: node memory) exists once, however many ranks have it mapped. */
#ifndef RANKPOOL_BENCH_RESIDENT_H
#define RANKPOOL_BENCH_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

/* In bytes. */
struct resident {
    int64_t private_bytes, shared_bytes;
};

/* Runs the function while a thread samples the memory every millisecond: the maxima of both above
 * the values before. False, without a run, if there is no such thread or no /proc. */
bool resident_gain(void (*run)(void *), void *argument, struct resident *gain);

#endif
