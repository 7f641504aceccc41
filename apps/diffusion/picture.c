#include "diffusion/picture.h"

#include "base/error.h"
#include "common/colours.h"
#include "common/image.h"
#include "common/npy.h"

#include <string.h>

/* A field as a picture. */
struct painter {
    struct colours colours;
    const double *all;
    int64_t columns;
    double lowest, range;
};

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), wanted = strlen(end);
    return length > wanted && strcmp(path + length - wanted, end) == 0;
}

bool picture_known(const char *path, rp_error *error)
{
    bool image = ends_in(path, ".png");
    if (ends_in(path, ".npy") || (image && image_supported()))
        return true;
    rpi_error_set(error, RP_ERR_ARGUMENT, "'%.60s': %s", path,
                  image ? "this program was built without libpng, which writes PNG files"
                        : "give a name that ends in .png or .npy");
    return false;
}

static void paint_row(void *user, int64_t row, uint8_t *pixels)
{
    const struct painter *painter = user;
    const double *values = painter->all + row * painter->columns;
    for (int64_t c = 0; c < painter->columns; c++)
        memcpy(pixels + 3 * c,
               colours_of(&painter->colours, (values[c] - painter->lowest) / painter->range), 3);
}

rp_status picture_write(const struct mesh *mesh, const struct summary *summary, const double *all,
                        const char *path, rp_error *error)
{
    if (ends_in(path, ".npy"))
        return npy_write(all, mesh->rows, mesh->columns, path, error);
    struct painter painter = {.all = all,
                              .columns = mesh->columns,
                              .lowest = summary->minimum,
                              .range = summary->maximum - summary->minimum};
    colours_make(&painter.colours);
    struct image image = {
        .rows = mesh->rows, .columns = mesh->columns, .row = paint_row, .user = &painter};
    return image_write(&image, path, error);
}
