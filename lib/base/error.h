/* Error records: a status, the rank, item and host concerned, and one sentence of text. error.c
 * also defines the public functions on rp_status. */
#ifndef RANKPOOL_BASE_ERROR_H
#define RANKPOOL_BASE_ERROR_H

#include "rankpool.h"

/* Sets the record to RP_OK, without rank and item. */
void rpi_error_clear(rp_error *error);

/* Stores the name of this host. */
void rpi_host_name(char *name, size_t size);

/* Fills in a record for this host, without rank and item. Returns `status`. Too long a text is cut
 * off. */
rp_status rpi_error_set(rp_error *error, rp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes the record as a message of one line (base/message.h). Does nothing for RP_OK. */
void rpi_error_print(const rp_error *error, const char *program);

/* Is a record that another process sent valid: a known status, and terminated strings? */
bool rpi_error_valid(const rp_error *error);

/* Formats a range as "item 3" or "items 3 to 9". */
void rpi_range_text(rp_range items, char *text, size_t size);

/* Are all of these reserved words zero? */
bool rpi_reserved_zero(const uint64_t *words, size_t count);

#endif
