/* Arrays of numbers as NumPy's .npy files, version 1.0: numpy.load() reads them. */
#ifndef RANKPOOL_APPS_NPY_H
#define RANKPOOL_APPS_NPY_H

#include "common/output.h"

#include <stdint.h>

/* Writes rows x columns numbers, row by row, and if that fails, nothing: false, with one line for a
 * person in `problem`. */
bool npy_write(const double *numbers, int64_t rows, int64_t columns, const char *path,
               char problem[OUTPUT_PROBLEM_SIZE]);

#endif
