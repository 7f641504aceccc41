/* A picture of a fractal, drawn by all ranks of a pool: a map whose items, strips of pixels, differ
 * ten thousandfold in what they cost. */
#ifndef RANKPOOL_APPS_PICTURE_H
#define RANKPOOL_APPS_PICTURE_H

#include "fractal/fractal.h"

#include <rankpool.h>

/* What to draw. */
struct view {
    uint64_t columns, rows;
    uint64_t antialias;  /* so many times so many points in a pixel */
    uint64_t iterations; /* before a point counts as one of the set */
    bool is_julia;
    struct dd_point center, julia;
    double zoom; /* the picture is 4 / zoom wide */
};

/* How far pixels are apart. */
double view_spacing(const struct view *view);

struct picture {
    const struct view *view;
    struct fractal fractal;
    int64_t strips;      /* in a row */
    double fewest;       /* steps that a point takes to leave: where colours begin */
    uint8_t *pixels;     /* node memory: strips of red, green and blue, whole on the root */
    double busy_seconds; /* of this rank */
};

/* Prepares a picture. False if there is no memory; picture_end() is fine then too. */
bool picture_begin(struct picture *picture, const struct view *view);

/* Draws it. Collective. `schedule`: how strips are dealt out. */
rp_status picture_draw(rp_pool *pool, struct picture *picture, rp_schedule schedule);

/* Writes it as a PNG file, on the root. If that fails, the error is one line for a person. */
rp_status picture_save(struct picture *picture, const char *path, rp_error *error);

/* Frees it, but for node memory, which is the pool's. */
void picture_end(struct picture *picture);

#endif
