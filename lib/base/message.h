/* Messages: what the library has to say while a program runs, as lines for its user. They go to
 * stderr, or to the function of rp_set_message_function(). Everything that a rank says takes this
 * way, except for the progress display, which is a screen, and crash reports, which a signal
 * handler writes. */
#ifndef RANKPOOL_BASE_MESSAGE_H
#define RANKPOOL_BASE_MESSAGE_H

#include <stddef.h>

/* Whole lines, by one write, so that they are not mixed with those of other ranks. */
void rpi_message_write(const char *text, size_t bytes);

/* The same, formatted, up to 5 KiB. */
void rpi_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
