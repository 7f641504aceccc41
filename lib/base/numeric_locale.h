/* Formatting and parsing numbers with a decimal point, whatever locale the program has set by
 * setlocale(). Only the locale of the calling thread changes. */
#ifndef RANKPOOL_BASE_NUMERIC_LOCALE_H
#define RANKPOOL_BASE_NUMERIC_LOCALE_H

#include <locale.h>
#include <stdbool.h>

/* Between these two calls the printf family formats numbers as in the C locale, in this thread. The
 * first returns the locale that the second restores; the calls nest. */
locale_t rpi_numeric_locale_begin(void);
void rpi_numeric_locale_end(locale_t before);

/* Parses a decimal number such as -1.5e3. Returns false, and stores nothing, if `text` is anything
 * else, or too large for a double. */
bool rpi_parse_number(const char *text, double *value);

#endif
