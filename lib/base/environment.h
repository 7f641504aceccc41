/* Reading the environment: settings that a user makes without touching the program. */
#ifndef RANKPOOL_BASE_ENVIRONMENT_H
#define RANKPOOL_BASE_ENVIRONMENT_H

#include "rankpool.h"

/* The variable's text, or NULL if it is unset or empty. */
const char *rpi_environment_text(const char *name);

/* Reads a whole decimal number from `text`. False, and nothing stored, if `text` is anything else
 * or outside least ... most. */
bool rpi_parse_integer(const char *text, int64_t least, int64_t most, int64_t *value);

/* Reads a whole number from a variable. Unset leaves *value as it is; nonsense is RP_ERR_ARGUMENT
 * with a text that says what is allowed. */
rp_status rpi_environment_integer(const char *name, int64_t least, int64_t most, int64_t *value,
                                  rp_error *error);

/* Reads seconds, 0 or more, from a variable, likewise. */
rp_status rpi_environment_seconds(const char *name, double *value, rp_error *error);

#endif
