#include "common/colours.h"

#include <math.h>

/* The map is a curve in the colour space Oklab (Björn Ottosson, "A perceptual color space for image
 * processing", 2020), whose distances correspond to perceived ones. The curve is our own: a half
 * turn of the hue while lightness rises evenly, as colourful as a screen can show. */

struct oklab {
    double lightness, a, b;
};

static struct oklab curve(double t)
{
    const double pi = 3.14159265358979323846;
    double hue = (280 + 180 * t) / 180 * pi;
    double chroma = 0.19 * sin(pi * (0.12 + 0.80 * t));
    return (struct oklab){0.15 + 0.81 * t, chroma * cos(hue), chroma * sin(hue)};
}

static double distance(struct oklab one, struct oklab other)
{
    double lightness = one.lightness - other.lightness, a = one.a - other.a, b = one.b - other.b;
    return sqrt(lightness * lightness + a * a + b * b);
}

/* Converts a linear amount of light, 0 to 1, to sRGB's byte. */
static uint8_t encode(double light)
{
    double value = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055;
    return (uint8_t)lround(255 * fmin(fmax(value, 0), 1));
}

static double cube(double x)
{
    return x * x * x;
}

/* From Oklab to sRGB; the matrices are Ottosson's. */
static void paint(struct oklab colour, uint8_t rgb[3])
{
    double a = colour.a, b = colour.b;
    double l = cube(colour.lightness + 0.3963377774 * a + 0.2158037573 * b);
    double m = cube(colour.lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(colour.lightness - 0.0894841775 * a - 1.2914855480 * b);
    rgb[0] = encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    rgb[1] = encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    rgb[2] = encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

/* Follows the curve in many small steps and takes a colour after each equal part of its length. */
void colours_make(struct colours *colours)
{
    const int steps = 64 * COLOURS;
    double length = 0, walked = 0;
    for (int i = 1; i <= steps; i++)
        length += distance(curve((double)(i - 1) / steps), curve((double)i / steps));
    int taken = 0;
    for (int i = 0; i <= steps && taken < COLOURS; i++) {
        if (i > 0)
            walked += distance(curve((double)(i - 1) / steps), curve((double)i / steps));
        if (i == steps || walked * (COLOURS - 1) >= length * taken)
            paint(curve((double)i / steps), colours->rgb[taken++]);
    }
}

const uint8_t *colours_of(const struct colours *colours, double value)
{
    if (!(value > 0))
        return colours->rgb[0];
    return colours->rgb[value < 1 ? (int)(value * COLOURS) : COLOURS - 1];
}
