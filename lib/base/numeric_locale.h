/* Text with numbers in it, whatever locale the program has chosen by setlocale(): what other
 * programs read, and what a person is told, has a decimal point. The locale is one of the calling
 * thread, so no other thread of the program notices. */
#ifndef RANKPOOL_BASE_NUMERIC_LOCALE_H
#define RANKPOOL_BASE_NUMERIC_LOCALE_H

#include <locale.h>
#include <stdbool.h>

/* From now on the printf family formats numbers as in the locale C, in this thread. Returns the
 * locale to go back to; the calls nest. */
locale_t rpi_numeric_locale_begin(void);
void rpi_numeric_locale_end(locale_t before);

/* Reads a decimal number with a point: -1.5e3. False, and nothing stored, if `text` is anything
 * else, or too large for a double. */
bool rpi_parse_number(const char *text, double *value);

#endif
