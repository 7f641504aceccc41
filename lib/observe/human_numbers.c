#include "observe/human_numbers.h"

#include <math.h>
#include <stdio.h>

/* Three significant digits, and no decimal point if all three precede it. */
static char *number_three_digits(char *text, double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, NUMBER_BYTES, "%.*f%s", decimals, value, unit);
    return text;
}

static char *number_with_prefix(char *text, double value, const char *const *units, int count)
{
    int unit = 0;
    while (unit < count - 1 && value >= 999.5) {
        value /= 1000;
        unit++;
    }
    return number_three_digits(text, value, units[unit]);
}

char *rpi_number_count(char *text, double count)
{
    static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
    if (count >= 99999.5)
        return number_with_prefix(text, count, units, 7);
    if (count >= 99.95 || count == floor(count))
        snprintf(text, NUMBER_BYTES, "%.0f", count);
    else
        number_three_digits(text, count, "");
    return text;
}

char *rpi_number_clock(char *text, double seconds)
{
    const double longest = 1e9; /* three decades: cap it */
    int64_t whole = seconds < longest ? (int64_t)ceil(seconds) : (int64_t)longest;
    int days = (int)(whole / 86400), hours = (int)(whole / 3600 % 24);
    int minutes = (int)(whole / 60 % 60), rest = (int)(whole % 60);
    if (whole >= 86400)
        snprintf(text, NUMBER_BYTES, "%d d %d h", days, hours);
    else if (whole >= 3600)
        snprintf(text, NUMBER_BYTES, "%d:%02d:%02d", hours, minutes, rest);
    else if (whole >= 60)
        snprintf(text, NUMBER_BYTES, "%d:%02d", minutes, rest);
    else
        snprintf(text, NUMBER_BYTES, "%d s", rest);
    return text;
}

char *rpi_number_seconds(char *text, double seconds)
{
    static const char *const units[] = {" ns", " us", " ms", " s"};
    return number_with_prefix(text, seconds * 1e9, units, 4);
}

char *rpi_number_bytes(char *text, double bytes)
{
    static const char *const units[] = {" B", " kB", " MB", " GB", " TB", " PB"};
    if (bytes < 999.5) {
        snprintf(text, NUMBER_BYTES, "%.0f B", bytes);
        return text;
    }
    return number_with_prefix(text, bytes, units, 6);
}
