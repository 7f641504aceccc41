#include "pool/crash_text.h"

#include "base/writing.h"

#include <unistd.h>

void rpi_crash_say(struct crash_text *text, const char *words)
{
    while (*words != '\0' && text->length < sizeof text->bytes)
        text->bytes[text->length++] = *words++;
}

void rpi_crash_say_number(struct crash_text *text, int64_t number)
{
    char digits[24];
    size_t first = sizeof digits - 1;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    rpi_crash_say(text, number < 0 ? "-" : "");
    rpi_crash_say(text, digits + first);
}

void rpi_crash_write(const struct crash_text *text)
{
    rpi_write_whole(STDERR_FILENO, text->bytes, text->length);
}
