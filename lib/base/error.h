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

/* Prints a record of something that went wrong on stderr, in one line, written at once; nothing for
 * RP_OK. */
void rpi_error_print(const rp_error *error, const char *program);

/* Is an error that another process has sent one: a known status, and texts that end? */
bool rpi_error_valid(const rp_error *error);

/* "item 3", or "items 3 to 9". */
void rpi_range_text(rp_range items, char *text, size_t size);

/* Are all of these words zero, as what is reserved has to be? */
bool rpi_reserved_zero(const uint64_t *words, size_t count);

#endif
