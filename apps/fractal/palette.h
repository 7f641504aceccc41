/* Colours for the points of a fractal. */
#ifndef RANKPOOL_APPS_PALETTE_H
#define RANKPOOL_APPS_PALETTE_H

/* Red, green and blue as amounts of light, 0 ... 1, which may be averaged. */
struct light {
    double red, green, blue;
};

/* The colour of a point that takes so many steps to leave, -1 if it stays, in a picture whose
 * points take `fewest` and more. */
struct light palette_light(double steps, double fewest);

/* An amount of light as a byte of a picture. */
unsigned char palette_byte(double light);

#endif
