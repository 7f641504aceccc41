#include "fractal/picture.h"

#include "common/image.h"
#include "fractal/palette.h"

#include <mpi.h>
#include <string.h>

enum {
    STRIP = 64, /* pixels of an item, side by side */
    SURVEY = 32 /* points sampled in each direction before drawing */
};

double view_spacing(const struct view *view)
{
    return 4 / view->zoom / (double)view->columns;
}

bool picture_begin(struct picture *picture, const struct view *view)
{
    *picture =
        (struct picture){.view = view, .strips = ((int64_t)view->columns + STRIP - 1) / STRIP};
    return fractal_begin(&picture->fractal, &view->center, view->is_julia ? &view->julia : NULL,
                         (int64_t)view->iterations);
}

void picture_end(struct picture *picture)
{
    fractal_end(&picture->fractal);
}

/* The escape time of a point; coordinates are in pixels from the upper left corner. */
static double steps_at(const struct picture *picture, double column, double row)
{
    const struct view *view = picture->view;
    double spacing = view_spacing(view);
    return fractal_steps(&picture->fractal, (column - (double)view->columns / 2) * spacing,
                         ((double)view->rows / 2 - row) * spacing);
}

static int survey_points(rp_task *task, rp_range range, const void *in, void *out)
{
    const struct picture *picture = rp_task_user(task);
    double columns = (double)picture->view->columns, rows = (double)picture->view->rows;
    (void)in;
    for (int64_t i = range.begin; i < range.end; i++) {
        double steps = steps_at(picture, columns * ((double)(i % SURVEY) + 0.5) / SURVEY,
                                rows * ((double)(i / SURVEY) + 0.5) / SURVEY);
        if (steps >= 0)
            rp_extrema_add(out, i, steps);
    }
    return 0;
}

/* Estimates the minimum escape time. */
static rp_status survey(rp_pool *pool, struct picture *picture)
{
    const rp_extrema none = {0, 0, 0, 0, 0, 0};
    rp_extrema extrema;
    rp_reduce_job job = {.n = SURVEY * SURVEY,
                         .body = survey_points,
                         .combine = rp_extrema_combine,
                         .identity = &none,
                         .result = &extrema,
                         .result_size = sizeof extrema,
                         .options = {.user = picture, .name = "survey", .unit = "points"}};
    rp_status status = rp_reduce(pool, &job);
    picture->fewest = status == RP_OK ? extrema.least : 0;
    return status;
}

/* The average light of a pixel's points. */
static struct light light_of(const struct picture *picture, int64_t column, int64_t row)
{
    struct light sum = {0, 0, 0};
    uint64_t points = picture->view->antialias;
    double share = 1 / (double)(points * points);
    for (uint64_t i = 0; i < points * points; i++) {
        double x = (double)column + ((double)(i % points) + 0.5) / (double)points;
        double y = (double)row + ((double)(i / points) + 0.5) / (double)points;
        struct light light = palette_light(steps_at(picture, x, y), picture->fewest);
        sum.red += share * light.red;
        sum.green += share * light.green;
        sum.blue += share * light.blue;
    }
    return sum;
}

static int draw_strip(rp_task *task, const void *in, void *out)
{
    struct picture *picture = rp_task_user(task);
    int64_t row = rp_task_item(task) / picture->strips;
    int64_t first = rp_task_item(task) % picture->strips * STRIP;
    int64_t columns = (int64_t)picture->view->columns;
    uint8_t *pixel = out;
    double begin = MPI_Wtime();
    (void)in;
    for (int64_t column = first; column < first + STRIP && column < columns; column++) {
        struct light light = light_of(picture, column, row);
        *pixel++ = palette_byte(light.red);
        *pixel++ = palette_byte(light.green);
        *pixel++ = palette_byte(light.blue);
    }
    picture->busy_seconds += MPI_Wtime() - begin;
    return 0;
}

/* Allocates node memory for the pixels, unless an earlier drawing has. */
static rp_status make_room(rp_pool *pool, struct picture *picture)
{
    void *memory;
    if (picture->pixels != NULL)
        return RP_OK;
    size_t bytes = (size_t)picture->strips * picture->view->rows * 3 * STRIP;
    rp_status status = rp_node_alloc(pool, bytes, &memory);
    picture->pixels = memory;
    return status;
}

rp_status picture_draw(rp_pool *pool, struct picture *picture, rp_schedule schedule)
{
    rp_status status = make_room(pool, picture);
    if (status == RP_OK)
        status = survey(pool, picture);
    if (status != RP_OK)
        return status;
    rp_map_job job = {
        .n = (int64_t)picture->view->rows * picture->strips,
        .item = draw_strip,
        .out = picture->pixels,
        .out_size = 3 * STRIP,
        .options = {.user = picture, .schedule = schedule, .name = "mandelbrot", .unit = "strips"}};
    picture->busy_seconds = 0;
    return rp_map(pool, &job);
}

static void tell_row(void *user, int64_t row, uint8_t *pixels)
{
    const struct picture *picture = user;
    memcpy(pixels, picture->pixels + row * picture->strips * 3 * STRIP,
           3 * (size_t)picture->view->columns);
}

rp_status picture_save(struct picture *picture, const char *path, rp_error *error)
{
    struct image image = {(int64_t)picture->view->rows, (int64_t)picture->view->columns, tell_row,
                          picture};
    return image_write(&image, path, error);
}
