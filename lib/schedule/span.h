/* A span: the units low <= u < high of a job, packed into one 64-bit word so that one
 * compare-and-swap moves it. Indices are absolute in the job: an equal word means
 * equal ownership. */
#ifndef RANKPOOL_SCHEDULE_SPAN_H
#define RANKPOOL_SCHEDULE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

struct span {
    uint32_t low, high;
};

static inline uint64_t span_pack(struct span span)
{
    return (uint64_t)span.high << 32 | span.low;
}

static inline struct span span_unpack(uint64_t word)
{
    return (struct span){(uint32_t)word, (uint32_t)(word >> 32)};
}

static inline uint32_t span_length(struct span span)
{
    return span.high > span.low ? span.high - span.low : 0;
}

static inline bool span_empty(struct span span)
{
    return span.high <= span.low;
}

#endif
