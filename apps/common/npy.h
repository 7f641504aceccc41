/* Arrays of numbers as NumPy's .npy files, version 1.0: numpy.load() reads them. */
#ifndef RANKPOOL_APPS_NPY_H
#define RANKPOOL_APPS_NPY_H

#include <rankpool.h>
#include <stdint.h>

enum {
    NPY_HEADER_SIZE = 128
};

/* Makes the header for `rows` rows of numbers of eight bytes: kind 'f' for double, 'u' for
 * uint64_t. With 0 columns the array is one-dimensional. Returns its length. */
size_t npy_header(char kind, int64_t rows, int64_t columns, char header[NPY_HEADER_SIZE]);

/* Writes rows x columns numbers, row by row; on failure no file, RP_ERR_IO, and a one-line error
 * message. */
rp_status npy_write(const double *numbers, int64_t rows, int64_t columns, const char *path,
                    rp_error *error);

#endif
