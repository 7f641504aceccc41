#include "diag/crash.h"

#include "base/file_io.h"

#include <unistd.h>

void rpi_crash_text_add(struct crash_text *text, const char *string)
{
    while (*string != '\0' && text->length < sizeof text->bytes)
        text->bytes[text->length++] = *string++;
}

static void crash_text_add_digits(struct crash_text *text, uint64_t number, unsigned base)
{
    char digits[24];
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    rpi_crash_text_add(text, digits + first);
}

void rpi_crash_text_add_number(struct crash_text *text, int64_t number)
{
    rpi_crash_text_add(text, number < 0 ? "-" : "");
    crash_text_add_digits(text, number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
}

void rpi_crash_text_add_hex(struct crash_text *text, uintptr_t number)
{
    rpi_crash_text_add(text, "0x");
    crash_text_add_digits(text, number, 16);
}

void rpi_crash_text_write(const struct crash_text *text)
{
    rpi_write_all(STDERR_FILENO, text->bytes, text->length);
}
