/**
 * @file rankpool/buffer.h
 * @brief Buffers: bytes of any number, for results whose length only their task knows.
 */
#ifndef RANKPOOL_BUFFER_H
#define RANKPOOL_BUFFER_H

#include <rankpool/declarations.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** Bytes that grow: a result whose length only its task knows. Opaque. */
typedef struct rp_buffer rp_buffer;

/**
 * Makes a buffer's content so many bytes. *Local,* like the next two.
 *
 * What was there before stays, as far as it fits; bytes behind it are undefined.
 *
 * @param[in] bytes  0 and more
 * @return the content, aligned as malloc() does, until the next change of the buffer. NULL: there
 *         is not enough memory, and the buffer is as it was.
 */
void *rp_buffer_resize(rp_buffer *buffer, size_t bytes);

/** Bytes that a buffer holds. */
size_t rp_buffer_size(const rp_buffer *buffer);

/**
 * Adds bytes at the end of a buffer.
 *
 * @param[in] data  not of this buffer; may be NULL if `bytes` is 0
 * @return 0; anything else: there is not enough memory, and the buffer is as it was
 * Cost: a copy. The memory grows by half at a time, so many small appends are fine.
 */
int rp_buffer_append(rp_buffer *buffer, const void *data, size_t bytes);

RP_END_DECLARATIONS

#endif
