/* The command line of heat. */
#ifndef RANKPOOL_APPS_DIFFUSION_SETTINGS_H
#define RANKPOOL_APPS_DIFFUSION_SETTINGS_H

#include "common/command_line.h"
#include "diffusion/mesh.h"

enum {
    MOST_OUTPUTS = 8
};

struct settings {
    struct mesh mesh;
    double until; /* 0: not given */
    bool steps_given;
    const struct initial *initial;
    int outputs;
    const char *output[MOST_OUTPUTS];
    bool show_run;
};

/* For struct command. There are no operands; this divides the time into steps when all options are
 * known. */
extern const struct option settings_options[];
bool settings_take_option(struct command_line *line, void *into, int option, const char *argument);
bool settings_settle(struct command_line *line, void *into);

#endif
