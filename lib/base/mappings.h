/* The memory mappings of this process, from /proc/self/maps. */
#ifndef RANKPOOL_BASE_MAPPINGS_H
#define RANKPOOL_BASE_MAPPINGS_H

#include <stddef.h>

/* How many of the `wanted` bytes from `address` on are accessible: mapped, readable, and contiguous
 * in one region. Adjoining private mappings are one region, since the kernel splits and joins them;
 * a shared mapping is a region of its own. If /proc/self/maps is unavailable, returns `wanted`.
 * Writes a description of what follows the region to `behind`, of `size` bytes. */
size_t rpi_mapped_bytes(const void *address, size_t wanted, char *behind, size_t size);

#endif
