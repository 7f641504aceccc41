/* A picture of a fractal, drawn by all ranks of a pool: a map whose items, strips of pixels, differ
 * ten thousandfold in cost. */
#ifndef RANKPOOL_APPS_PICTURE_H
#define RANKPOOL_APPS_PICTURE_H

#include "fractal/fractal.h"

#include <rankpool.h>

/* A picture's parameters. */
struct view {
    uint64_t columns, rows;
    uint64_t antialias;  /* this number squared is the number of points in a pixel */
    uint64_t iterations; /* after which a point counts as one of the set */
    bool is_julia;
    struct dd_point center, julia;
    double zoom; /* the picture is 4 / zoom wide */
};

/* The distance between pixels. */
double view_spacing(const struct view *view);

struct picture {
    const struct view *view;
    struct fractal fractal;
    int64_t strips;      /* per row */
    double fewest;       /* minimum escape time, where colours begin */
    uint8_t *pixels;     /* node memory: strips of red, green and blue, complete on the root */
    double busy_seconds; /* of this rank */
};

/* Prepares a picture. False if there is no memory; picture_end() may be called then too. */
bool picture_begin(struct picture *picture, const struct view *view);

/* Draws it. Collective. `schedule` is that of the strips. */
rp_status picture_draw(rp_pool *pool, struct picture *picture, rp_schedule schedule);

/* Writes it as a PNG file, on the root. On failure the error has a one-line message. */
rp_status picture_save(struct picture *picture, const char *path, rp_error *error);

/* Frees it, except for the node memory, which is the pool's. */
void picture_end(struct picture *picture);

#endif
