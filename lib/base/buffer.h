/* Bytes that grow: a result whose length only its task knows. */
#ifndef RANKPOOL_BASE_BUFFER_H
#define RANKPOOL_BASE_BUFFER_H

#include "rankpool.h"

struct rp_buffer {
    char *data;
    size_t size, capacity;
    bool lent;     /* the memory is somebody else's */
    bool poisoned; /* what has not been written of it is */
};

/* An empty buffer, of no memory yet. */
void rpi_buffer_init(rp_buffer *buffer);

/* An empty buffer that uses this memory, which stays the caller's, until it needs more. */
void rpi_buffer_lend(rp_buffer *buffer, void *memory, size_t bytes);

/* Poisons what has not been written, until it is freed: base/poison.h, with the key 0. */
void rpi_buffer_poison(rp_buffer *buffer);

/* Frees its memory; it is empty again, and may be used again. */
void rpi_buffer_free(rp_buffer *buffer);

#endif
