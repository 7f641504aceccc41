#include "diffusion/initial.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* The lowest mode: it keeps its shape and only decays. */
static double sine(double x, double y)
{
    return sin(pi * x) * sin(pi * y);
}

static double sine_later(double x, double y, double time)
{
    return sine(x, y) * exp(-2 * pi * pi * time);
}

static double gaussian(double x, double y)
{
    const double width = 0.1;
    return exp(-((x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5)) / (2 * width * width));
}

static double square(double x, double y)
{
    return fabs(x - 0.5) < 0.25 && fabs(y - 0.5) < 0.25 ? 1 : 0;
}

static const struct initial states[] = {
    {"sine", sine, sine_later},
    {"gaussian", gaussian, NULL},
    {"square", square, NULL},
};

const struct initial *initial_find(const char *name)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].name, name) == 0)
            return &states[i];
    return NULL;
}
