/* What the kernel says of this process's memory, in /proc/self/maps. */
#ifndef RANKPOOL_BASE_MAPPINGS_H
#define RANKPOOL_BASE_MAPPINGS_H

#include <stddef.h>

/* How many of `wanted` bytes from `address` on are there: mapped, readable, and in one piece.
 * Private mappings that touch are one piece, for the kernel splits and joins these as it likes; a
 * shared one is a piece of its own. Where that cannot be found out: all of them. What begins behind
 * the bytes that are there is described in `behind`, of so many bytes. */
size_t rpi_mapped_bytes(const void *address, size_t wanted, char *behind, size_t size);

#endif
