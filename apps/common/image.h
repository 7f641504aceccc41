/* RGB pictures with 8 bits per channel, written as PNG files. */
#ifndef RANKPOOL_APPS_IMAGE_H
#define RANKPOOL_APPS_IMAGE_H

#include <rankpool.h>
#include <stdbool.h>
#include <stdint.h>

/* A picture whose rows are requested from top to bottom, each once. */
struct image {
    int64_t rows, columns;
    /* Writes 3 * columns bytes to `pixels`: red, green and blue of each pixel, from the left. */
    void (*row)(void *user, int64_t row, uint8_t *pixels);
    void *user;
};

/* Whether this program can write PNG files, that is, was built with libpng. */
bool image_supported(void);

/* Writes a picture; on failure no file, RP_ERR_IO or another status, and a one-line error
 * message. */
rp_status image_write(const struct image *image, const char *path, rp_error *error);

#endif
