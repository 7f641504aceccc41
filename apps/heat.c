/* heat: the spread of heat on a square plate, on all ranks of a pool. */
#include "base/atomic_file.h"
#include "common/program.h"
#include "diffusion/picture.h"
#include "diffusion/plate.h"
#include "diffusion/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: heat [OPTION]...\n"
    "Computes how heat spreads on the unit square, whose border is kept at zero, and\n"
    "prints the lowest, the highest and the mean temperature at the end.\n"
    "\n"
    "  --size ROWSxCOLUMNS  points inside the square (256x256); N is NxN\n"
    "  --steps N            take N steps in time\n"
    "  --until T            go on until time T, 0.05 unless --steps is given. With both\n"
    "                       a step is T/N; otherwise it is 4/5 of the longest that is\n"
    "                       stable, or somewhat less\n"
    "  --initial NAME       begin with NAME: sine (the lowest mode, the default; then\n"
    "                       the error against its formula is printed, too), gaussian\n"
    "                       or square\n"
    "  -o, --output FILE    write the temperature at the end to FILE, a picture if it\n"
    "                       ends in .png, NumPy's format if in .npy; may be repeated\n"
    "  --time               show on stderr what was computed and how long it took\n";

static const char notes[] =
    "Examples:\n"
    "  heat -o plate.png                           on every core of this machine\n"
    "  heat --size 1000 --steps 500 -o plate.npy   500 steps of a million points\n"
    "  mpirun -np 16 heat --initial square         on 16 ranks\n"
    "\n"
    "Exit status: 0 done, 1 the computation or its output failed, 2 bad arguments,\n"
    "75 interrupted.\n";

static const struct command command = {
    .name = "heat",
    .help = help,
    .notes = notes,
    .operands_wanted = "options only",
    .options = settings_options,
    .take_option = settings_take_option,
    .take_operands = settings_settle,
};

/* ---- the computation ------------------------------------------------------------------------- */

/* One rank may have taken its last step when another is interrupted. */
static rp_status step_together(rp_pool *pool, struct plate *plate, const struct mesh *mesh)
{
    rp_status worst, mine = plate_step(plate, mesh->steps, mesh_weights(mesh));
    rp_status met = rp_agree(pool, mine, &worst);
    return met == RP_OK ? worst : met;
}

/* From the initial field, whole on the root, to the final one. */
static rp_status work_on_plate(rp_pool *pool, struct plate *plate, const struct mesh *mesh,
                               double *all)
{
    int root = rp_root(pool);
    rp_status status = rp_grid_scatter(plate->grid, root, all, plate->field[0]);
    if (status == RP_OK)
        status = step_together(pool, plate, mesh);
    if (status == RP_OK)
        status = rp_grid_gather(plate->grid, root, plate->field[0], all);
    return status;
}

static rp_status compute(rp_pool *pool, const struct mesh *mesh, double *all)
{
    struct plate plate;
    rp_status status = plate_open(pool, mesh->rows, mesh->columns, &plate);
    if (status == RP_OK)
        status = work_on_plate(pool, &plate, mesh, all);
    rp_error error = *rp_last_error(pool);
    rp_status closed = plate_close(&plate);
    if (status == RP_OK && closed != RP_OK)
        error = *rp_last_error(pool);
    if (error.status != RP_OK && program_speaks(pool))
        fprintf(stderr, "heat: %s\n", status == RP_ERR_INTERRUPTED ? "interrupted" : error.text);
    return status != RP_OK ? status : closed;
}

/* ---- start and end --------------------------------------------------------------------------- */

/* On the root: detects errors now that would otherwise occur at the end. */
static rp_status prepare(const struct settings *settings, double **all)
{
    const struct mesh *mesh = &settings->mesh;
    rp_error error;
    for (int i = 0; i < settings->outputs; i++) {
        if (rpi_atomic_file_check(settings->output[i], &error) != RP_OK) {
            fprintf(stderr, "heat: %s\n", error.text);
            return RP_ERR_IO;
        }
    }
    *all = malloc((size_t)mesh->rows * (size_t)mesh->columns * sizeof **all);
    if (*all == NULL) {
        fprintf(stderr, "heat: no memory for %" PRId64 " x %" PRId64 " points\n", mesh->rows,
                mesh->columns);
        return RP_ERR_MEMORY;
    }
    mesh_fill(mesh, settings->initial, *all);
    return RP_OK;
}

/* If printing, or writing one file, fails, the other files are still written. */
static rp_status write_files(const struct settings *settings, const struct summary *summary,
                             const double *all)
{
    rp_error error;
    rp_status status = RP_OK;
    for (int i = 0; i < settings->outputs; i++) {
        if (picture_write(&settings->mesh, summary, all, settings->output[i], &error) != RP_OK) {
            fprintf(stderr, "heat: %s\n", error.text);
            status = RP_ERR_IO;
        }
    }
    return status;
}

static rp_status show(const struct settings *settings, const double *all)
{
    struct summary summary = mesh_summarize(&settings->mesh, settings->initial, all);
    printf("minimum %.12g\nmaximum %.12g\nmean %.12g\n", summary.minimum, summary.maximum,
           summary.mean);
    if (settings->initial->later != NULL)
        printf("error %.6g\n", summary.error);
    rp_status printed = program_flush(&command), written = write_files(settings, &summary, all);
    return printed != RP_OK ? printed : written;
}

static void show_run(const rp_pool *pool, const struct mesh *mesh, double seconds)
{
    program_show_run(pool, seconds,
                     "heat on %" PRId64 " x %" PRId64 " points, %" PRId64
                     " steps up to time %g, on ",
                     mesh->rows, mesh->columns, mesh->steps, (double)mesh->steps * mesh->time_step);
}

static rp_status run(rp_pool *pool, const struct settings *settings)
{
    double *all = NULL;
    rp_status status = RP_OK, worst;
    if (program_speaks(pool))
        status = prepare(settings, &all);
    status = rp_agree(pool, status, &worst);
    if (status == RP_OK)
        status = worst;
    double begin = MPI_Wtime();
    if (status == RP_OK)
        status = compute(pool, &settings->mesh, all);
    double seconds = MPI_Wtime() - begin;
    if (status == RP_OK && program_speaks(pool))
        status = show(settings, all);
    if (status == RP_OK && program_speaks(pool) && settings->show_run)
        show_run(pool, &settings->mesh, seconds);
    free(all);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.mesh = {.rows = 256, .columns = 256},
                                .initial = initial_find("sine")};
    rp_pool *pool;
    int exit_code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, run(pool, &settings));
}
