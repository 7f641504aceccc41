/* Pictures of red, green and blue, 8 bits each, written as PNG files. */
#ifndef RANKPOOL_APPS_IMAGE_H
#define RANKPOOL_APPS_IMAGE_H

#include "common/output.h"

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

/* Writes a picture, and if that fails, nothing: false, with one line for a person in `problem`. */
bool image_write(const struct image *image, const char *path, char problem[OUTPUT_PROBLEM_SIZE]);

#endif
