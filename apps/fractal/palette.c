#include "fractal/palette.h"

#include <math.h>

enum {
    COLOURS = 6
};

/* Night, water, ice, sand, fire, earth, and round again. */
static const struct light colours[COLOURS] = {
    {0.000, 0.004, 0.055}, {0.010, 0.110, 0.420}, {0.650, 0.880, 0.980},
    {1.000, 0.830, 0.420}, {0.820, 0.220, 0.020}, {0.110, 0.006, 0.030},
};

static double between(double left, double right, double share)
{
    return left + share * (right - left);
}

/* Bands of colour that widen with the number of steps, with smooth transitions. */
struct light palette_light(double steps, double fewest)
{
    if (steps < 0)
        return (struct light){0, 0, 0};
    double place = 1.1 * log2(1 + fabs(steps - fewest) / 32), share = place - floor(place);
    const struct light *left = &colours[(int)place % COLOURS];
    const struct light *right = &colours[((int)place + 1) % COLOURS];
    share = share * share * (3 - 2 * share);
    return (struct light){between(left->red, right->red, share),
                          between(left->green, right->green, share),
                          between(left->blue, right->blue, share)};
}

/* sRGB's transfer function, which gives dark values more steps (IEC 61966-2-1). */
unsigned char palette_byte(double light)
{
    double value = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055;
    return (unsigned char)(255 * value + 0.5);
}
