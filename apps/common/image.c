#include "common/image.h"

#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* A file being written. */
struct writer {
    const struct image *image;
    struct output output;
    char *problem; /* OUTPUT_PROBLEM_SIZE bytes */
    png_structp png;
    png_infop info;
    uint8_t *pixels; /* of one row */
};

bool image_supported(void)
{
    return true;
}

/* libpng reports an error by calling this, which must not return. A failed write leaves its reason
 * in errno. */
static void fail(png_structp png, png_const_charp text)
{
    struct writer *writer = png_get_error_ptr(png);
    bool write_failed = writer->output.file != NULL && ferror(writer->output.file);
    snprintf(writer->problem, OUTPUT_PROBLEM_SIZE, "cannot write '%.300s': %.100s",
             writer->output.path, write_failed ? strerror(errno) : text);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static bool check_size(const struct image *image, char *problem)
{
    int64_t most = PNG_UINT_31_MAX;
    if (image->rows >= 1 && image->columns >= 1 && image->rows <= most && image->columns <= most)
        return true;
    snprintf(problem, OUTPUT_PROBLEM_SIZE,
             "%" PRId64 " x %" PRId64 " pixels are no PNG file: it has 1 to %" PRId64 " each way",
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
    snprintf(writer->problem, OUTPUT_PROBLEM_SIZE, "no memory to write '%.300s'",
             writer->output.path);
    return false;
}

/* Errors inside libpng come back through setjmp(); no local of this function is
 * changed meanwhile. */
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

bool image_write(const struct image *image, const char *path, char problem[OUTPUT_PROBLEM_SIZE])
{
    struct writer writer = {.image = image, .problem = problem};
    if (!check_size(image, problem) || !output_begin(&writer.output, path, problem))
        return false;
    bool good = prepare(&writer) && write_picture(&writer);
    png_destroy_write_struct(&writer.png, &writer.info);
    free(writer.pixels);
    return output_end(&writer.output, good, problem);
}
