#include "base/numeric_locale.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t locale_c; /* 0 if out of memory: then the locale stays unchanged */

static void numeric_locale_make(void)
{
    locale_c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t rpi_numeric_locale_begin(void)
{
    pthread_once(&once, numeric_locale_make);
    return uselocale(locale_c);
}

void rpi_numeric_locale_end(locale_t before)
{
    uselocale(before);
}

/* strtod() alone would accept blanks, hexadecimal digits, "inf" and "nan" as well. */
bool rpi_parse_number(const char *text, double *value)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
        return false;
    locale_t before = rpi_numeric_locale_begin();
    double number = strtod(text, &end);
    rpi_numeric_locale_end(before);
    if (end == text || *end != '\0' || !isfinite(number))
        return false;
    *value = number;
    return true;
}
