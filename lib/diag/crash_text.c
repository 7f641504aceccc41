#include "diag/crash.h"

#include "base/file_io.h"

#include <unistd.h>

void rpi_crash_text_add(struct crash_text *text, const char *string)
{
    while (*string != '\0' && text->length < sizeof text->bytes)
        text->bytes[text->length++] = *string++;
}

void rpi_crash_text_add_number(struct crash_text *text, int64_t number)
{
    char digits[24];
    size_t first = sizeof digits - 1;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    rpi_crash_text_add(text, number < 0 ? "-" : "");
    rpi_crash_text_add(text, digits + first);
}

void rpi_crash_text_add_hex(struct crash_text *text, uintptr_t number)
{
    char digits[2 * sizeof number + 3];
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do {
        digits[--first] = "0123456789abcdef"[number % 16];
        number /= 16;
    } while (number > 0);
    digits[--first] = 'x';
    digits[--first] = '0';
    rpi_crash_text_add(text, digits + first);
}

void rpi_crash_text_write(const struct crash_text *text)
{
    rpi_write_all(STDERR_FILENO, text->bytes, text->length);
}
