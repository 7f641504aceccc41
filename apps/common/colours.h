/* A colour map: from a dark violet over red and orange to a light yellow. It is even to the eye:
 * equal steps in value are equal steps in perceived colour, and lightness only rises, so it does in
 * grey, too, and for those who do not see all colours. */
#ifndef RANKPOOL_APPS_COLOURS_H
#define RANKPOOL_APPS_COLOURS_H

#include <stdint.h>

enum {
    COLOURS = 256
};

/* Red, green and blue of each colour, from the lowest value's to the highest's. */
struct colours {
    uint8_t rgb[COLOURS][3];
};

void colours_make(struct colours *colours);

/* The colour of a value from 0 to 1; what lies beyond has that of the end. */
const uint8_t *colours_of(const struct colours *colours, double value);

#endif
