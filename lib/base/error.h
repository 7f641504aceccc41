/* The error record: who failed, where, and one sentence about it. */
#ifndef RANKPOOL_BASE_ERROR_H
#define RANKPOOL_BASE_ERROR_H

#include "rankpool.h"

/* A record that says all is well. */
void rpi_error_clear(rp_error *error);

/* Fills in the name of this host. */
void rpi_error_host(rp_error *error);

/* Fills in a record, on this host, with no item and no rank to blame, and returns `status`. A text
 * too long for the record is cut, never refused. */
rp_status rpi_error_set(rp_error *error, rp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
