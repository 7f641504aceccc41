/* In the place of image.c where libpng is missing. */
#include "common/image.h"

bool image_supported(void)
{
    return false;
}

bool image_write(const struct image *image, const char *path, char problem[OUTPUT_PROBLEM_SIZE])
{
    (void)image;
    snprintf(problem, OUTPUT_PROBLEM_SIZE,
             "cannot write '%.300s': this program was built without libpng", path);
    return false;
}
