/* Poison: a byte pattern that marks memory which a task has not written. Read as float or double it
 * is quiet NaNs; the other bits depend on a key, so that a task is unlikely to produce it. */
#ifndef RANKPOOL_BASE_POISON_H
#define RANKPOOL_BASE_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POISON_CERTAIN = 8 /* consecutive bytes of poison that are no coincidence */
};

/* Fills the bytes begin <= i < end of a block. */
void rpi_poison(void *block, size_t begin, size_t end, uint64_t key);

/* Are they all unchanged since rpi_poison()? */
bool rpi_poisoned(const void *block, size_t begin, size_t end, uint64_t key);

#endif
