/* Rounds up to a multiple. */
#ifndef RANKPOOL_BASE_ROUND_UP_H
#define RANKPOOL_BASE_ROUND_UP_H

#include <stddef.h>

static inline size_t round_up(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) / multiple * multiple;
}

#endif
