/* Writing bytes to an open file, also from a signal handler. */
#ifndef RANKPOOL_BASE_WRITING_H
#define RANKPOOL_BASE_WRITING_H

#include <stddef.h>

/* Writes all bytes, or as many as can be written. */
void rpi_write_whole(int file, const char *bytes, size_t length);

#endif
