#include "diffusion/settings.h"

#include "base/numeric_locale.h"
#include "diffusion/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SIZE = 1,
    OPTION_STEPS,
    OPTION_UNTIL,
    OPTION_INITIAL,
    OPTION_TIME,
    OPTION_OUTPUT = 'o'
};

const struct option settings_options[] = {
    {"size", required_argument, NULL, OPTION_SIZE},
    {"steps", required_argument, NULL, OPTION_STEPS},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"initial", required_argument, NULL, OPTION_INITIAL},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"time", no_argument, NULL, OPTION_TIME},
    {NULL, 0, NULL, 0},
};

static bool take_count(struct command_line *line, const char *text, uint64_t least, int64_t *count)
{
    uint64_t value;
    bool taken = command_line_count(line, text, least, INT64_MAX, &value);
    if (taken)
        *count = (int64_t)value;
    return taken;
}

static bool take_size(struct command_line *line, struct mesh *mesh, const char *text)
{
    char rows[64];
    const char *cross = strchr(text, 'x');
    size_t length = cross != NULL ? (size_t)(cross - text) : strlen(text);
    if (length >= sizeof rows)
        return command_line_complain(line, "'%.60s': give ROWSxCOLUMNS, as 1000x2000", text);
    memcpy(rows, text, length);
    rows[length] = '\0';
    int64_t bytes;
    if (!take_count(line, rows, 1, &mesh->rows) ||
        !take_count(line, cross != NULL ? cross + 1 : rows, 1, &mesh->columns))
        return false;
    if (__builtin_mul_overflow(mesh->rows, mesh->columns, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t)sizeof(double), &bytes))
        return command_line_complain(line, "'%.60s': no memory is so large", text);
    return true;
}

static bool take_until(struct command_line *line, struct settings *settings, const char *text)
{
    if (rpi_parse_number(text, &settings->until) && settings->until > 0)
        return true;
    return command_line_complain(line, "'%.60s': give a time above 0, as 0.05", text);
}

static bool take_output(struct command_line *line, struct settings *settings, const char *path)
{
    rp_error error;
    if (settings->outputs == MOST_OUTPUTS)
        return command_line_complain(line, "'%.60s' is one file too many: give at most %d", path,
                                     MOST_OUTPUTS);
    if (!picture_known(path, &error))
        return command_line_complain(line, "%s", error.text);
    settings->output[settings->outputs++] = path;
    return true;
}

static bool take_initial(struct command_line *line, struct settings *settings, const char *name)
{
    settings->initial = initial_find(name);
    return settings->initial != NULL ||
           command_line_complain(line, "'%.60s': give sine, gaussian or square", name);
}

bool settings_take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    switch (option) {
    case OPTION_SIZE:
        return take_size(line, &settings->mesh, argument);
    case OPTION_STEPS:
        settings->steps_given = true;
        return take_count(line, argument, 0, &settings->mesh.steps);
    case OPTION_UNTIL:
        return take_until(line, settings, argument);
    case OPTION_INITIAL:
        return take_initial(line, settings, argument);
    case OPTION_OUTPUT:
        return take_output(line, settings, argument);
    default:
        settings->show_run = true;
        return true;
    }
}

/* Steps of at most that length until a given time. */
static bool divide_time(struct command_line *line, double until, double longest, int64_t *steps)
{
    const double most = 9007199254740992; /* 2^53: all integers up to there are doubles */
    /* A quotient that is an integer except for rounding counts as one. */
    double count = ceil(until / longest * (1 - 1e-12));
    if (!(count <= most))
        return command_line_complain(line, "--until %g takes %g steps, which are too many", until,
                                     count);
    *steps = count > 1 ? (int64_t)count : 1;
    return true;
}

bool settings_settle(struct command_line *line, void *into)
{
    struct settings *settings = into;
    struct mesh *mesh = &settings->mesh;
    mesh->time_step = mesh_good_step(mesh);
    if (settings->steps_given && settings->until == 0)
        return true;
    double until = settings->until > 0 ? settings->until : 0.05;
    if (!settings->steps_given && !divide_time(line, until, mesh->time_step, &mesh->steps))
        return false;
    mesh->time_step = until / (double)mesh->steps;
    if (mesh_stable(mesh))
        return true;
    return command_line_complain(line,
                                 "%" PRId64 " steps are too few until time %g: a step of %g "
                                 "is not stable",
                                 mesh->steps, until, mesh->time_step);
}
