/**
 * @file rankpool/block.h
 * @brief Blocks: n items cut into near-equal runs.
 */
#ifndef RANKPOOL_BLOCK_H
#define RANKPOOL_BLOCK_H

#include <rankpool/declarations.h>

#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** Half-open range: the items i with begin <= i < end. */
typedef struct rp_range {
    int64_t begin, end;
} rp_range;

/**
 * Cuts n items into `parts` near-equal runs, of which the first n % parts have one item more, and
 * returns run `part`. *Local,* pure, a few instructions.
 *
 * @return {0, 0} for invalid arguments: n < 0, parts < 1, part outside 0 ... parts - 1
 */
rp_range rp_block(int64_t n, int64_t parts, int64_t part);

/** The part whose rp_block() contains `item`; -1 for invalid arguments. *Local,* pure. */
int64_t rp_block_owner(int64_t n, int64_t parts, int64_t item);

RP_END_DECLARATIONS

#endif
