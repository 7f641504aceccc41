/* mandelbrot: pictures of Mandelbrot's and Julia's sets, drawn on all ranks of a pool. */
#include "base/atomic_file.h"
#include "base/numeric_locale.h"
#include "common/image.h"
#include "common/program.h"
#include "fractal/picture.h"

#include <float.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: mandelbrot [OPTION]...\n"
    "Draws a part of Mandelbrot's set, or of a Julia set, into a PNG file.\n"
    "\n"
    "  -o, --output FILE    the picture (mandelbrot.png)\n"
    "  --size WxH           its pixels (1600x1000)\n"
    "  --center RE,IM       the point in its middle, with up to 31 digits\n"
    "  --zoom Z             it is 4/Z wide, Z from 0.01 to some 10^27, as 2e5\n"
    "  --iterations N       steps before a point counts as one of the set (5000)\n"
    "  --julia RE,IM        draw the Julia set of this point\n"
    "  --antialias N        take N x N points for each pixel, 1 to 16 (2)\n"
    "  --time               show on stderr how long it took, and how evenly ranks worked\n";

static const char notes[] =
    "Without --center and --zoom it draws a place in the valley of the seahorses; with\n"
    "--julia, the whole set. Whole numbers may be written as 1e4 or 2^16.\n"
    "\n"
    "Examples:\n"
    "  mandelbrot --center=-0.5,0 --zoom 1             the whole set\n"
    "  mandelbrot --julia=-0.8,0.156 -o julia.png      a Julia set\n"
    "  mpirun -np 16 mandelbrot --size 4096x4096       on 16 ranks\n"
    "\n"
    "Exit status: 0 done, 1 the picture failed, 2 bad arguments, 75 interrupted.\n";

/* The command line. */
struct settings {
    const char *output;
    struct view view;
    bool has_center, has_zoom, show_time;
};

enum {
    OPTION_SIZE = 1,
    OPTION_CENTER,
    OPTION_ZOOM,
    OPTION_ITERATIONS,
    OPTION_JULIA,
    OPTION_ANTIALIAS,
    OPTION_TIME
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"size", required_argument, NULL, OPTION_SIZE},
    {"center", required_argument, NULL, OPTION_CENTER},
    {"zoom", required_argument, NULL, OPTION_ZOOM},
    {"iterations", required_argument, NULL, OPTION_ITERATIONS},
    {"julia", required_argument, NULL, OPTION_JULIA},
    {"antialias", required_argument, NULL, OPTION_ANTIALIAS},
    {"time", no_argument, NULL, OPTION_TIME},
    {NULL, 0, NULL, 0},
};

/* ---- the command line ------------------------------------------------------------------------ */

static bool take_size(struct command_line *line, struct settings *settings, const char *text)
{
    char columns[64];
    const char *cross = strchr(text, 'x');
    if (cross == NULL || cross - text >= (ptrdiff_t)sizeof columns)
        return command_line_complain(line, "'%.60s': give the size as 1600x1000", text);
    memcpy(columns, text, (size_t)(cross - text));
    columns[cross - text] = '\0';
    return command_line_count(line, columns, 1, 1000000, &settings->view.columns) &&
           command_line_count(line, cross + 1, 1, 1000000, &settings->view.rows);
}

static bool take_point(struct command_line *line, const char *text, struct dd_point *point)
{
    const char *end = dd_parse(text, &point->re);
    if (end != NULL && *end == ',')
        end = dd_parse(end + 1, &point->im);
    else
        end = NULL;
    if (end == NULL || *end != '\0')
        return command_line_complain(line, "'%.60s': give a point as -0.75,0.1", text);
    if (!(fabs(point->re.high) <= 4 && fabs(point->im.high) <= 4))
        return command_line_complain(line, "'%.60s': the sets are all between -2 and 2", text);
    return true;
}

static bool take_zoom(struct command_line *line, struct settings *settings, const char *text)
{
    settings->has_zoom = true;
    return (rpi_parse_number(text, &settings->view.zoom) && settings->view.zoom >= 0.01 &&
            settings->view.zoom < 1e100) ||
           command_line_complain(line, "'%.60s': give a number of at least 0.01, as 2e5", text);
}

static bool take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    switch (option) {
    case 'o':
        settings->output = argument;
        return command_line_ending(line, argument, "png");
    case OPTION_SIZE:
        return take_size(line, settings, argument);
    case OPTION_CENTER:
        settings->has_center = true;
        return take_point(line, argument, &settings->view.center);
    case OPTION_ZOOM:
        return take_zoom(line, settings, argument);
    case OPTION_ITERATIONS:
        return command_line_count(line, argument, 1, 10000000, &settings->view.iterations);
    case OPTION_JULIA:
        settings->view.is_julia = true;
        return take_point(line, argument, &settings->view.julia);
    case OPTION_ANTIALIAS:
        return command_line_count(line, argument, 1, 16, &settings->view.antialias);
    default:
        settings->show_time = true;
        return true;
    }
}

/* The view unless options change it. */
static void choose_view(struct settings *settings)
{
    if (settings->has_center || settings->has_zoom || settings->view.is_julia) {
        settings->view.zoom = settings->has_zoom ? settings->view.zoom : 1;
        return;
    }
    dd_parse("-0.743643887037158704752191506114774", &settings->view.center.re);
    dd_parse("0.131825904205311970493132056385139", &settings->view.center.im);
    settings->view.zoom = 3500;
}

/* Neighbouring pixels must differ by more than the rounding errors of double-double numbers. */
static bool take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    choose_view(settings);
    double least = DBL_EPSILON * DBL_EPSILON * 16;
    if (view_spacing(&settings->view) / (double)settings->view.antialias < least)
        return command_line_complain(line, "too deep: at this size --zoom goes to %.2g",
                                     4 / (least * (double)settings->view.columns *
                                          (double)settings->view.antialias));
    if (!image_supported())
        return command_line_complain(line,
                                     "it was built without libpng, and cannot write pictures");
    return true;
}

static const int cosmetic[] = {'o', OPTION_TIME, 0};

static const struct command command = {
    .name = "mandelbrot",
    .help = help,
    .notes = notes,
    .keeps_work = true,
    .cosmetic = cosmetic,
    .operands_wanted = "options only",
    .options = options,
    .take_option = take_option,
    .take_operands = take_operands,
};

/* ---- the program ----------------------------------------------------------------------------- */

static void show_time(const rp_pool *pool, const struct picture *picture, double seconds)
{
    double busy = picture->busy_seconds, mean, most;
    MPI_Allreduce(&busy, &mean, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&busy, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    mean /= rp_ranks(pool);
    if (!program_speaks(pool))
        return;
    program_show_run(pool, seconds, "drawn on ");
    fprintf(stderr, "ranks drew %.3f s on average, %.3f s at most: %.1f %% even\n", mean, most,
            100 * (most > 0 ? mean / most : 1));
}

/* All ranks get the error of a collective call; one reports it. */
static rp_status draw(rp_pool *pool, struct picture *picture, bool time)
{
    double begin = MPI_Wtime();
    rp_status status = picture_draw(pool, picture, RP_SCHEDULE_ADAPTIVE);
    if (status != RP_OK)
        rp_report(pool, command.name);
    if (status == RP_OK && time)
        show_time(pool, picture, MPI_Wtime() - begin);
    return status;
}

static rp_status complain(rp_status status, const char *problem)
{
    fprintf(stderr, "mandelbrot: %s\n", problem);
    return status;
}

/* Before any work: an hour of it must not end with a missing directory. */
static rp_status prepare(const rp_pool *pool, const struct settings *settings,
                         struct picture *picture)
{
    rp_error error;
    bool begun = picture_begin(picture, &settings->view);
    if (program_speaks(pool) && rpi_atomic_file_check(settings->output, &error) != RP_OK)
        return complain(RP_ERR_IO, error.text);
    return begun ? RP_OK : complain(RP_ERR_MEMORY, "no memory for so many iterations");
}

static rp_status run(rp_pool *pool, const struct settings *settings)
{
    struct picture picture;
    rp_error error;
    rp_status worst, status = rp_agree(pool, prepare(pool, settings, &picture), &worst);
    if (status == RP_OK)
        status = worst;
    if (status == RP_OK)
        status = draw(pool, &picture, settings->show_time);
    if (status == RP_OK && program_speaks(pool) &&
        picture_save(&picture, settings->output, &error) != RP_OK)
        status = complain(RP_ERR_IO, error.text);
    picture_end(&picture);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .output = "mandelbrot.png",
        .view = {.columns = 1600, .rows = 1000, .antialias = 2, .iterations = 5000}};
    rp_pool *pool;
    int exit_code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, run(pool, &settings));
}
