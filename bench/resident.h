/* By how much the resident memory of this process grows while something runs.
 *
 * What is private (RssAnon in /proc/self/status: heap, stacks) adds up over the ranks of a node;
 * what is shared (RssShmem: node memory) is there once, however many ranks have it mapped. */
#ifndef RANKPOOL_BENCH_RESIDENT_H
#define RANKPOOL_BENCH_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

/* In bytes. */
struct resident {
    int64_t private_bytes, shared_bytes;
};

/* Runs it, and looks every millisecond from a thread of its own: the most of each beyond what there
 * was before. False, and nothing has run, without such a thread or without /proc. */
bool resident_gain(void (*run)(void *), void *argument, struct resident *gain);

#endif
