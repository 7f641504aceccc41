/* Paths: identities of 128 bits of the items of a tree. */
#ifndef RANKPOOL_NUMERIC_PATH_H
#define RANKPOOL_NUMERIC_PATH_H

#include <Random123/philox.h>
#include <stdint.h>

/* The path of a child. One round more than make Philox2x64 pass BigCrush (Salmon, Moraes, Dror and
 * Shaw, SC11, 2011), with the parent's path as the counter: children of the same number have
 * different paths if their parents have, and all other paths are as good as random. */
static inline void path_child(const uint64_t parent[2], uint64_t number, uint64_t path[2])
{
    philox2x64_ctr_t counter = {{parent[0], parent[1]}};
    philox2x64_key_t key = {{number}};
    philox2x64_ctr_t child = philox2x64_R(7, counter, key);
    path[0] = child.v[0];
    path[1] = child.v[1];
}

/* What the path of an item follows from: that of its parent, and its number among the children of
 * that. Of a seed: 0, and its index. */
struct path_origin {
    uint64_t parent[2];
    uint64_t number;
};

#endif
