/**
 * @file rankpool/buffer.h
 * @brief Buffers: growable byte arrays, for items, results and messages of variable length.
 */
#ifndef RANKPOOL_BUFFER_H
#define RANKPOOL_BUFFER_H

#include <rankpool/declarations.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A growable byte array, which the library passes to a task or a producer, or that the program
 *  makes for rp_exchange(). Opaque. */
typedef struct rp_buffer rp_buffer;

/**
 * Makes an empty buffer. *Local,* like all functions of buffers; they need no pool.
 *
 * @return the buffer, owned by the caller until rp_buffer_free(). NULL: out of memory.
 */
rp_buffer *rp_buffer_make(void);

/**
 * Frees a buffer of rp_buffer_make(), and its content. Not one that the library has passed.
 *
 * @param[in,out] buffer  set to NULL. NULL or a pointer to NULL does nothing.
 */
void rp_buffer_free(rp_buffer **buffer);

/**
 * Sets the size of a buffer.
 *
 * Existing content is kept, truncated if the buffer shrinks; added bytes are undefined.
 *
 * @param[in] bytes  0 or more
 * @return the content, aligned as by malloc(), valid until the buffer is next changed. NULL: out of
 *         memory, and the buffer is unchanged.
 */
void *rp_buffer_resize(rp_buffer *buffer, size_t bytes);

/** Size of a buffer in bytes. */
size_t rp_buffer_size(const rp_buffer *buffer);

/** The content of a buffer, aligned as by malloc(), valid until the buffer is next changed. May be
 *  NULL if its size is 0. */
void *rp_buffer_data(const rp_buffer *buffer);

/**
 * Appends bytes to a buffer.
 *
 * @param[in] data  must not lie in this buffer; may be NULL if `bytes` is 0
 * @return 0; nonzero: out of memory, and the buffer is unchanged
 * Cost: a copy. Capacity grows by half at a time, so many small appends are fine.
 */
int rp_buffer_append(rp_buffer *buffer, const void *data, size_t bytes);

RP_END_DECLARATIONS

#endif
