/* Rectangles: rows of bytes at equal distances, as a part of a matrix lies in memory. Their bytes
 * are numbered row by row, without what lies between the rows. */
#ifndef RANKPOOL_BASE_STRIDED_COPY_H
#define RANKPOOL_BASE_STRIDED_COPY_H

#include <stddef.h>

struct strided_block {
    char *first;
    size_t rows;
    size_t row_bytes;
    size_t distance; /* from the start of a row to that of the next */
};

size_t rpi_strided_block_bytes(const struct strided_block *strided_block);

/* Copy `bytes` of its bytes, from number `offset` on, to or from where they lie together. */
void rpi_strided_block_read(const struct strided_block *strided_block, size_t offset, size_t bytes,
                            void *to);
void rpi_strided_block_write(const struct strided_block *strided_block, size_t offset, size_t bytes,
                             const void *from);

/* Copies one rectangle to another with as many rows, as long. They do not overlap. */
void rpi_strided_block_copy(const struct strided_block *to, const struct strided_block *from);

#endif
