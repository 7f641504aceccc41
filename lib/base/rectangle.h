/* Rectangles: rows of bytes at equal distances, as a part of a matrix lies in memory. Their bytes
 * are numbered row by row, without what lies between the rows. */
#ifndef RANKPOOL_BASE_RECTANGLE_H
#define RANKPOOL_BASE_RECTANGLE_H

#include <stddef.h>

struct rectangle {
    char *first;
    size_t rows;
    size_t row_bytes;
    size_t distance; /* from the start of a row to that of the next */
};

size_t rpi_rectangle_bytes(const struct rectangle *rectangle);

/* Copy `bytes` of its bytes, from number `offset` on, to or from where they lie together. */
void rpi_rectangle_read(const struct rectangle *rectangle, size_t offset, size_t bytes, void *to);
void rpi_rectangle_write(const struct rectangle *rectangle, size_t offset, size_t bytes,
                         const void *from);

/* Copies one rectangle to another with as many rows, as long. They do not overlap. */
void rpi_rectangle_copy(const struct rectangle *to, const struct rectangle *from);

#endif
