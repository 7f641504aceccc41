/* A colour map from a dark violet over red and orange to a light yellow. It is perceptually
 * uniform: equal steps in value are equal steps in perceived colour. Lightness only rises, so the
 * map also works in grey and for people with colour blindness. */
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

/* The colour of a value from 0 to 1; values beyond are clamped. */
const uint8_t *colours_of(const struct colours *colours, double value);

#endif
