#include "base/strided_copy.h"

#include <stdint.h>
#include <string.h>

size_t rpi_strided_block_bytes(const struct strided_block *strided_block)
{
    return strided_block->planes * strided_block->rows * strided_block->row_bytes;
}

/* Rows of one word: a memcpy() call for each would take longer than the copy. */
static void strided_copy_words(char *to, size_t to_distance, const char *from, size_t from_distance,
                               size_t rows)
{
    for (size_t row = 0; row < rows; row++)
        memcpy(to + row * to_distance, from + row * from_distance, sizeof(uint64_t));
}

static void strided_copy_rows(char *to, size_t to_distance, const char *from, size_t from_distance,
                              size_t rows, size_t row_bytes)
{
    if (row_bytes == sizeof(uint64_t)) {
        strided_copy_words(to, to_distance, from, from_distance, rows);
        return;
    }
    for (size_t row = 0; row < rows; row++)
        memcpy(to + row * to_distance, from + row * from_distance, row_bytes);
}

/* A contiguous range of the bytes of a plane: the end of a row, whole rows, and the start of a
 * row. */
struct run {
    size_t head_offset, head; /* bytes of the first row before and in the range */
    size_t first_row, rows;
    size_t tail;
};

static struct run strided_run(const struct strided_block *strided_block, size_t offset,
                              size_t bytes)
{
    size_t row_bytes = strided_block->row_bytes;
    struct run run = {.first_row = offset / row_bytes, .head_offset = offset % row_bytes};
    if (run.head_offset != 0) {
        size_t left = row_bytes - run.head_offset;
        run.head = left < bytes ? left : bytes;
    }
    run.rows = (bytes - run.head) / row_bytes;
    run.tail = (bytes - run.head) % row_bytes;
    return run;
}

/* `plane` is the start of a plane in memory; offset and bytes are within it. */
static void strided_plane_read(const struct strided_block *strided_block, const char *plane,
                               size_t offset, size_t bytes, char *to)
{
    struct run run = strided_run(strided_block, offset, bytes);
    size_t distance = strided_block->distance, row_bytes = strided_block->row_bytes;
    const char *row = plane + run.first_row * distance;
    memcpy(to, row + run.head_offset, run.head);
    row += run.head > 0 ? distance : 0;
    to += run.head;
    strided_copy_rows(to, row_bytes, row, distance, run.rows, row_bytes);
    memcpy(to + run.rows * row_bytes, row + run.rows * distance, run.tail);
}

static void strided_plane_write(const struct strided_block *strided_block, char *plane,
                                size_t offset, size_t bytes, const char *from)
{
    struct run run = strided_run(strided_block, offset, bytes);
    size_t distance = strided_block->distance, row_bytes = strided_block->row_bytes;
    char *row = plane + run.first_row * distance;
    memcpy(row + run.head_offset, from, run.head);
    row += run.head > 0 ? distance : 0;
    from += run.head;
    strided_copy_rows(row, distance, from, row_bytes, run.rows, row_bytes);
    memcpy(row + run.rows * distance, from + run.rows * row_bytes, run.tail);
}

/* A range of a block's bytes that lies in one plane. */
struct plane_part {
    char *plane; /* its start in memory */
    size_t offset, bytes;
};

/* The first part of a range that is not empty. */
static struct plane_part strided_plane_part(const struct strided_block *strided_block,
                                            size_t offset, size_t bytes)
{
    size_t plane_bytes = strided_block->rows * strided_block->row_bytes;
    struct plane_part part = {.plane = strided_block->first, .offset = offset, .bytes = bytes};
    if (strided_block->planes == 1)
        return part;
    part.plane += offset / plane_bytes * strided_block->plane_distance;
    part.offset = offset % plane_bytes;
    if (part.bytes > plane_bytes - part.offset)
        part.bytes = plane_bytes - part.offset;
    return part;
}

void rpi_strided_block_read(const struct strided_block *strided_block, size_t offset, size_t bytes,
                            void *to)
{
    for (char *place = to; bytes > 0;) {
        struct plane_part part = strided_plane_part(strided_block, offset, bytes);
        strided_plane_read(strided_block, part.plane, part.offset, part.bytes, place);
        place += part.bytes;
        offset += part.bytes;
        bytes -= part.bytes;
    }
}

void rpi_strided_block_write(const struct strided_block *strided_block, size_t offset, size_t bytes,
                             const void *from)
{
    for (const char *place = from; bytes > 0;) {
        struct plane_part part = strided_plane_part(strided_block, offset, bytes);
        strided_plane_write(strided_block, part.plane, part.offset, part.bytes, place);
        place += part.bytes;
        offset += part.bytes;
        bytes -= part.bytes;
    }
}

void rpi_strided_block_copy(const struct strided_block *to, const struct strided_block *from)
{
    for (size_t plane = 0; plane < from->planes; plane++)
        strided_copy_rows(to->first + plane * to->plane_distance, to->distance,
                          from->first + plane * from->plane_distance, from->distance, from->rows,
                          from->row_bytes);
}
