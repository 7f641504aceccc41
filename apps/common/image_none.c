/* Replaces image.c if libpng is missing. */
#include "common/image.h"

#include "base/error.h"

bool image_supported(void)
{
    return false;
}

rp_status image_write(const struct image *image, const char *path, rp_error *error)
{
    (void)image;
    return rpi_error_set(error, RP_ERR_IO,
                         "cannot write '%.300s': this program was built without libpng", path);
}
