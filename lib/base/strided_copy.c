#include "base/strided_copy.h"

#include <stdint.h>
#include <string.h>

size_t rpi_strided_block_bytes(const struct strided_block *strided_block)
{
    return strided_block->rows * strided_block->row_bytes;
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

/* A contiguous range of a block's bytes: the end of a row, whole rows, and the start of a row. */
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

void rpi_strided_block_read(const struct strided_block *strided_block, size_t offset, size_t bytes,
                            void *to)
{
    if (bytes == 0)
        return;
    struct run run = strided_run(strided_block, offset, bytes);
    size_t distance = strided_block->distance, row_bytes = strided_block->row_bytes;
    const char *row = strided_block->first + run.first_row * distance;
    char *place = to;
    memcpy(place, row + run.head_offset, run.head);
    row += run.head > 0 ? distance : 0;
    place += run.head;
    strided_copy_rows(place, row_bytes, row, distance, run.rows, row_bytes);
    memcpy(place + run.rows * row_bytes, row + run.rows * distance, run.tail);
}

void rpi_strided_block_write(const struct strided_block *strided_block, size_t offset, size_t bytes,
                             const void *from)
{
    if (bytes == 0)
        return;
    struct run run = strided_run(strided_block, offset, bytes);
    size_t distance = strided_block->distance, row_bytes = strided_block->row_bytes;
    char *row = strided_block->first + run.first_row * distance;
    const char *place = from;
    memcpy(row + run.head_offset, place, run.head);
    row += run.head > 0 ? distance : 0;
    place += run.head;
    strided_copy_rows(row, distance, place, row_bytes, run.rows, row_bytes);
    memcpy(row + run.rows * distance, place + run.rows * row_bytes, run.tail);
}

void rpi_strided_block_copy(const struct strided_block *to, const struct strided_block *from)
{
    strided_copy_rows(to->first, to->distance, from->first, from->distance, from->rows,
                      from->row_bytes);
}
