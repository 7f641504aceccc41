/* Settings from environment variables. */
#ifndef RANKPOOL_BASE_ENVIRONMENT_H
#define RANKPOOL_BASE_ENVIRONMENT_H

#include "rankpool.h"

/* The variable's text, or NULL if it is unset or empty. */
const char *rpi_environment_text(const char *name);

/* Parses a decimal integer. Returns false, and stores nothing, if `text` is anything else or the
 * number is outside least ... most. */
bool rpi_parse_integer(const char *text, int64_t least, int64_t most, int64_t *value);

/* Reads an integer from a variable. Leaves *value unchanged if it is unset. For an invalid text
 * returns RP_ERR_ARGUMENT, and the error says what is allowed. */
rp_status rpi_environment_integer(const char *name, int64_t least, int64_t most, int64_t *value,
                                  rp_error *error);

/* Reads seconds, 0 or more, in the same way. */
rp_status rpi_environment_seconds(const char *name, double *value, rp_error *error);

/* Is a setting on: by the configuration, `set`, or else by a variable that is 1? Reads the variable
 * only while *error is RP_OK. */
bool rpi_environment_switch(const char *name, bool set, rp_error *error);

#endif
