/* Text composed and written by a signal handler: no call here that may not be made there. */
#ifndef RANKPOOL_DIAG_CRASH_TEXT_H
#define RANKPOOL_DIAG_CRASH_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Empty if `length` is 0. What does not fit is cut. */
struct crash_text {
    char bytes[1536];
    size_t length;
};

void rpi_crash_say(struct crash_text *text, const char *words);
void rpi_crash_say_number(struct crash_text *text, int64_t number);
void rpi_crash_say_hex(struct crash_text *text, uintptr_t number);

/* Writes it to stderr. */
void rpi_crash_write(const struct crash_text *text);

#endif
