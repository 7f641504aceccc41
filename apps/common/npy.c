#include "common/npy.h"

#include "base/output.h"

#include <inttypes.h>
#include <string.h>

enum {
    PREAMBLE = 10, /* magic string, version, and the length of the rest */
    ALIGNMENT = 64 /* of the numbers in the file */
};

static char byte_order(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1 ? '<' : '>';
}

/* "(rows, columns)", or "(rows,)". */
static void describe_shape(int64_t rows, int64_t columns, char text[64])
{
    if (columns > 0)
        snprintf(text, 64, "(%" PRId64 ", %" PRId64 ")", rows, columns);
    else
        snprintf(text, 64, "(%" PRId64 ",)", rows);
}

/* The array's description as a Python literal, padded with blanks and ended by a newline. */
size_t npy_header(char kind, int64_t rows, int64_t columns, char header[NPY_HEADER_SIZE])
{
    char shape[64], text[NPY_HEADER_SIZE];
    describe_shape(rows, columns, shape);
    int length =
        snprintf(text, sizeof text, "{'descr': '%c%c8', 'fortran_order': False, 'shape': %s, }",
                 byte_order(), kind, shape);
    size_t whole = (PREAMBLE + (size_t)length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t filled = whole - PREAMBLE;
    memset(header, ' ', whole);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(filled & 0xff);
    header[9] = (char)(filled >> 8);
    memcpy(header + PREAMBLE, text, (size_t)length);
    header[whole - 1] = '\n';
    return whole;
}

rp_status npy_write(const double *numbers, int64_t rows, int64_t columns, const char *path,
                    rp_error *error)
{
    struct output output;
    char header[NPY_HEADER_SIZE];
    size_t length = npy_header('f', rows, columns, header);
    if (rpi_output_open(&output, path, error) != RP_OK)
        return error->status;
    fwrite(header, 1, length, output.file);
    for (int64_t row = 0; row < rows && !ferror(output.file); row++)
        fwrite(numbers + row * columns, sizeof *numbers, (size_t)columns, output.file);
    return rpi_output_close(&output, true, error);
}
