#include "diffusion/mesh.h"

#include <math.h>

static double place(int64_t index, int64_t count)
{
    return (double)(index + 1) / (double)(count + 1);
}

/* The inverse square of the mesh width. */
static double inverse_square(int64_t count)
{
    return (double)(count + 1) * (double)(count + 1);
}

static double stable_step(const struct mesh *mesh)
{
    return 0.5 / (inverse_square(mesh->rows) + inverse_square(mesh->columns));
}

double mesh_good_step(const struct mesh *mesh)
{
    return 0.8 * stable_step(mesh);
}

bool mesh_stable(const struct mesh *mesh)
{
    return mesh->time_step <= stable_step(mesh);
}

struct weights mesh_weights(const struct mesh *mesh)
{
    return (struct weights){mesh->time_step * inverse_square(mesh->rows),
                            mesh->time_step * inverse_square(mesh->columns)};
}

void mesh_fill(const struct mesh *mesh, const struct initial *initial, double *all)
{
    for (int64_t r = 0; r < mesh->rows; r++)
        for (int64_t c = 0; c < mesh->columns; c++)
            *all++ = initial->value(place(c, mesh->columns), place(r, mesh->rows));
}

static double largest_error(const struct mesh *mesh, const struct initial *initial,
                            const double *all)
{
    double time = (double)mesh->steps * mesh->time_step, error = 0;
    for (int64_t r = 0; r < mesh->rows; r++)
        for (int64_t c = 0; c < mesh->columns; c++) {
            double exact = initial->later(place(c, mesh->columns), place(r, mesh->rows), time);
            error = fmax(error, fabs(*all++ - exact));
        }
    return error;
}

struct summary mesh_summarize(const struct mesh *mesh, const struct initial *initial,
                              const double *all)
{
    struct summary summary = {.minimum = all[0], .maximum = all[0]};
    double cells = (double)mesh->rows * (double)mesh->columns;
    for (int64_t i = 0; i < mesh->rows * mesh->columns; i++) {
        summary.minimum = fmin(summary.minimum, all[i]);
        summary.maximum = fmax(summary.maximum, all[i]);
        summary.mean += all[i] / cells;
    }
    if (initial->later != NULL)
        summary.error = largest_error(mesh, initial, all);
    return summary;
}
