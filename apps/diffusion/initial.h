/* Initial temperatures on the unit square, whose border is kept at zero. */
#ifndef RANKPOOL_APPS_DIFFUSION_INITIAL_H
#define RANKPOOL_APPS_DIFFUSION_INITIAL_H

struct initial {
    const char *name;
    double (*value)(double x, double y);
    /* The temperature at a later time, or NULL if there is no simple formula. */
    double (*later)(double x, double y, double time);
};

/* The one with that name, or NULL. */
const struct initial *initial_find(const char *name);

#endif
