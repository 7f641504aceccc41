#include "base/buffer.h"

#include "base/poison.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_CAPACITY = 64
};

void rpi_buffer_init(rp_buffer *buffer)
{
    *buffer = (rp_buffer){.data = NULL};
}

void rpi_buffer_lend(rp_buffer *buffer, void *memory, size_t bytes)
{
    *buffer = (rp_buffer){.data = memory, .capacity = bytes, .lent = true};
}

void rpi_buffer_poison(rp_buffer *buffer)
{
    buffer->poisoned = true;
    if (buffer->data != NULL)
        rpi_poison(buffer->data, buffer->size, buffer->capacity, 0);
}

void rpi_buffer_free(rp_buffer *buffer)
{
    if (!buffer->lent)
        free(buffer->data);
    rpi_buffer_init(buffer);
}

/* Memory of the new size with the same content; lent memory is copied, not freed. */
static char *buffer_reallocate(const rp_buffer *buffer, size_t bytes)
{
    if (!buffer->lent)
        return realloc(buffer->data, bytes);
    char *data = malloc(bytes);
    if (data && buffer->size > 0)
        memcpy(data, buffer->data, buffer->size);
    return data;
}

/* Grows the capacity by at least half, so that many small appends cost few copies; if that fails,
 * to exactly `bytes`. */
static bool buffer_reserve(rp_buffer *buffer, size_t bytes)
{
    if (bytes <= buffer->capacity && buffer->data)
        return true;
    size_t generous = buffer->capacity + buffer->capacity / 2;
    if (generous < LEAST_CAPACITY)
        generous = LEAST_CAPACITY;
    if (generous < bytes)
        generous = bytes;
    char *data = buffer_reallocate(buffer, generous);
    if (!data && generous > bytes)
        data = buffer_reallocate(buffer, generous = bytes ? bytes : 1);
    if (!data)
        return false;
    buffer->lent = false;
    buffer->data = data;
    buffer->capacity = generous;
    if (buffer->poisoned)
        rpi_buffer_poison(buffer);
    return true;
}

void *rp_buffer_resize(rp_buffer *buffer, size_t bytes)
{
    if (!buffer_reserve(buffer, bytes))
        return NULL;
    buffer->size = bytes;
    return buffer->data;
}

rp_buffer *rp_buffer_make(void)
{
    return calloc(1, sizeof(rp_buffer));
}

void rp_buffer_free(rp_buffer **buffer)
{
    if (buffer == NULL || *buffer == NULL)
        return;
    rpi_buffer_free(*buffer);
    free(*buffer);
    *buffer = NULL;
}

void *rp_buffer_data(const rp_buffer *buffer)
{
    return buffer->data;
}

size_t rp_buffer_size(const rp_buffer *buffer)
{
    return buffer->size;
}

int rp_buffer_append(rp_buffer *buffer, const void *data, size_t bytes)
{
    size_t size = buffer->size;
    if (bytes > SIZE_MAX - size || !buffer_reserve(buffer, size + bytes))
        return 1;
    if (bytes > 0)
        memcpy(buffer->data + size, data, bytes);
    buffer->size = size + bytes;
    return 0;
}
