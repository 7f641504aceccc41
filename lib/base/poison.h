/* Poison: what memory holds that a task has been given and has not written. It is quiet NaNs, read
 * as float or double, and otherwise depends on a key, so that a task hardly produces it itself. */
#ifndef RANKPOOL_BASE_POISON_H
#define RANKPOOL_BASE_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POISON_CERTAIN = 8 /* so many bytes of it in a row are no coincidence */
};

/* Fills the bytes from `begin` to `end` of a block. */
void rpi_poison(void *block, size_t begin, size_t end, uint64_t key);

/* Are they all as rpi_poison() left them? */
bool rpi_poisoned(const void *block, size_t begin, size_t end, uint64_t key);

#endif
