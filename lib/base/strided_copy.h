/* Strided blocks: planes of rows of bytes, at equal distances in memory, such as a part of a matrix
 * or of a three-dimensional array. Offsets count the bytes of the rows only, without the gaps
 * between them. */
#ifndef RANKPOOL_BASE_STRIDED_COPY_H
#define RANKPOOL_BASE_STRIDED_COPY_H

#include <stddef.h>

struct strided_block {
    char *first;
    size_t planes; /* 1: a part of a matrix */
    size_t rows;   /* of each plane */
    size_t row_bytes;
    size_t plane_distance; /* between the starts of successive planes */
    size_t distance;       /* between the starts of successive rows */
};

size_t rpi_strided_block_bytes(const struct strided_block *strided_block);

/* Copy `bytes` bytes from `offset` on to or from contiguous memory. */
void rpi_strided_block_read(const struct strided_block *strided_block, size_t offset, size_t bytes,
                            void *to);
void rpi_strided_block_write(const struct strided_block *strided_block, size_t offset, size_t bytes,
                             const void *from);

/* Copies a block to another of the same shape. They must not overlap. */
void rpi_strided_block_copy(const struct strided_block *to, const struct strided_block *from);

#endif
