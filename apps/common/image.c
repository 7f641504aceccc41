#include "common/image.h"

#include "base/error.h"
#include "base/output.h"

#include <inttypes.h>
#include <png.h>
#include <stdlib.h>

/* A file being written. */
struct writer {
    const struct image *image;
    struct output output;
    rp_error *error;
    png_structp png;
    png_infop info;
    uint8_t *pixels; /* of one row */
};

bool image_supported(void)
{
    return true;
}

/* libpng reports an error by calling this function, which must not return. The cause of a failed
 * write is reported when the file is closed. */
static void fail(png_structp png, png_const_charp text)
{
    struct writer *writer = png_get_error_ptr(png);
    rpi_error_set(writer->error, RP_ERR_IO, "cannot write '%.300s': %.100s", writer->output.path,
                  text);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static bool check_size(const struct image *image, rp_error *error)
{
    int64_t most = PNG_UINT_31_MAX;
    if (image->rows >= 1 && image->columns >= 1 && image->rows <= most && image->columns <= most)
        return true;
    rpi_error_set(error, RP_ERR_ARGUMENT,
                  "%" PRId64 " x %" PRId64 " pixels are no PNG file: it has 1 to %" PRId64
                  " each way",
                  image->rows, image->columns, most);
    return false;
}

static bool prepare(struct writer *writer)
{
    writer->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, fail, ignore_warning);
    if (writer->png != NULL)
        writer->info = png_create_info_struct(writer->png);
    writer->pixels = malloc(3 * (size_t)writer->image->columns);
    if (writer->info != NULL && writer->pixels != NULL)
        return true;
    rpi_error_set(writer->error, RP_ERR_MEMORY, "no memory to write '%.300s'", writer->output.path);
    return false;
}

/* Errors inside libpng return through setjmp(); no local variable of this function changes in
 * between. */
static bool write_picture(struct writer *writer)
{
    const struct image *image = writer->image;
    png_structp png = writer->png;
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_init_io(png, writer->output.file);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png, writer->info, (png_uint_32)image->columns, (png_uint_32)image->rows, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, writer->info);
    for (int64_t row = 0; row < image->rows; row++) {
        image->row(image->user, row, writer->pixels);
        png_write_row(png, writer->pixels);
    }
    png_write_end(png, writer->info);
    return true;
}

rp_status image_write(const struct image *image, const char *path, rp_error *error)
{
    struct writer writer = {.image = image, .error = error};
    if (!check_size(image, error) || rpi_output_open(&writer.output, path, error) != RP_OK)
        return error->status;
    bool good = prepare(&writer) && write_picture(&writer);
    png_destroy_write_struct(&writer.png, &writer.info);
    free(writer.pixels);
    bool write_failed = writer.output.code != 0;
    return rpi_output_close(&writer.output, good || write_failed, error);
}
