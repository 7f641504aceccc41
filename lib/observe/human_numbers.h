/* Numbers for people, with few digits: 13.1 k, 2:05, 1.3 ms. */
#ifndef RANKPOOL_OBSERVE_HUMAN_NUMBERS_H
#define RANKPOOL_OBSERVE_HUMAN_NUMBERS_H

#include <stdint.h>

enum {
    NUMBER_BYTES = 32
};

/* Each function writes to `text`, which has NUMBER_BYTES bytes, and returns it. */

/* A count: in full below 100 000, then as 123 k, 1.23 M ... */
char *rpi_number_count(char *text, double count);

/* A duration as a clock shows it: 7 s, 2:05, 1:02:03, 3 d 4 h. */
char *rpi_number_clock(char *text, double seconds);

/* A short time with three digits and its unit: 1.23 ms. */
char *rpi_number_seconds(char *text, double seconds);

/* Bytes: 1.23 MB. */
char *rpi_number_bytes(char *text, double bytes);

#endif
