/* Text composed and written by a signal handler. All functions are async-signal-safe. */
#ifndef RANKPOOL_DIAG_CRASH_TEXT_H
#define RANKPOOL_DIAG_CRASH_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Empty if `length` is 0. Text that does not fit is cut off. */
struct crash_text {
    char bytes[1536];
    size_t length;
};

void rpi_crash_text_add(struct crash_text *text, const char *string);
void rpi_crash_text_add_number(struct crash_text *text, int64_t number);
void rpi_crash_text_add_hex(struct crash_text *text, uintptr_t number);

/* Writes the text to stderr. */
void rpi_crash_text_write(const struct crash_text *text);

#endif
