/* Pictures of red, green and blue, 8 bits each, written as PNG files. */
#ifndef RANKPOOL_APPS_IMAGE_H
#define RANKPOOL_APPS_IMAGE_H

#include <rankpool.h>
#include <stdbool.h>
#include <stdint.h>

/* A picture that tells its rows when asked, from the top to the bottom, each once. */
struct image {
    int64_t rows, columns;
    /* Puts 3 * columns bytes into `pixels`: red, green and blue of each pixel, from the left. */
    void (*row)(void *user, int64_t row, uint8_t *pixels);
    void *user;
};

/* Can this program write PNG files, that is, was it built with libpng? */
bool image_supported(void);

/* Writes a picture, and if that fails, nothing: RP_ERR_IO, or what else is wrong, and the error is one
 * line for a person. */
rp_status image_write(const struct image *image, const char *path, rp_error *error);

#endif
