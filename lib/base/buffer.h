/* Growing byte buffers, for results of variable length. */
#ifndef RANKPOOL_BASE_BUFFER_H
#define RANKPOOL_BASE_BUFFER_H

#include "rankpool.h"

struct rp_buffer {
    char *data;
    size_t size, capacity;
    bool lent;     /* `data` is owned by the caller of rpi_buffer_lend() */
    bool poisoned; /* the bytes beyond `size` are kept poisoned */
    bool marked;   /* for checks of lists of buffers; false otherwise */
};

/* Initializes an empty buffer without memory. */
void rpi_buffer_init(rp_buffer *buffer);

/* Initializes an empty buffer that uses memory of the caller until it needs more. */
void rpi_buffer_lend(rp_buffer *buffer, void *memory, size_t bytes);

/* Poisons the unused bytes, now and whenever the buffer grows: base/poison.h, with key 0. */
void rpi_buffer_poison(rp_buffer *buffer);

/* Frees the memory. The buffer is then empty and usable. */
void rpi_buffer_free(rp_buffer *buffer);

#endif
