#include "common/npy.h"

#include <inttypes.h>
#include <string.h>

enum {
    PREAMBLE = 10, /* magic string, version, and the length of what follows */
    ALIGNMENT = 64 /* of the numbers in the file */
};

static char byte_order(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1 ? '<' : '>';
}

/* The header: what the numbers are, as a Python literal, filled up with blanks and ended by a
 * newline. Returns its length. */
static size_t make_header(int64_t rows, int64_t columns, char header[2 * ALIGNMENT])
{
    char text[2 * ALIGNMENT];
    int length =
        snprintf(text, sizeof text,
                 "{'descr': '%cf8', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 byte_order(), rows, columns);
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

bool npy_write(const double *numbers, int64_t rows, int64_t columns, const char *path,
               char problem[OUTPUT_PROBLEM_SIZE])
{
    struct output output;
    char header[2 * ALIGNMENT];
    size_t length = make_header(rows, columns, header);
    if (!output_begin(&output, path, problem))
        return false;
    fwrite(header, 1, length, output.file);
    for (int64_t row = 0; row < rows && !ferror(output.file); row++)
        fwrite(numbers + row * columns, sizeof *numbers, (size_t)columns, output.file);
    return output_end(&output, true, problem);
}
