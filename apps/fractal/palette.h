/* Colours for the points of a fractal. */
#ifndef RANKPOOL_APPS_PALETTE_H
#define RANKPOOL_APPS_PALETTE_H

/* Red, green and blue as amounts of light, 0 ... 1, which may be averaged. */
struct light {
    double red, green, blue;
};

/* The colour of a point with an escape time of `steps`, -1 if it stays, in a picture whose minimum
 * is `fewest`. */
struct light palette_light(double steps, double fewest);

/* Converts an amount of light to a byte of a picture. */
unsigned char palette_byte(double light);

#endif
