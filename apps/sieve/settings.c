#include "sieve/settings.h"

#include "sieve/tuplets.h"

#include <string.h>

/* Values of options without a short form. */
enum {
    OPTION_TIME = 1,
    OPTION_KERNEL,
    OPTION_NO_STATUS
};

enum {
    LEAST_SIEVE_SIZE = 16,
    MOST_SIEVE_SIZE = 8192
};

const struct settings settings_default = {
    .interval = {0, UINT64_C(10000000000)},
};

const struct option settings_options[] = {
    {"count", optional_argument, NULL, 'c'},
    {"dist", required_argument, NULL, 'd'},
    {"kernel", required_argument, NULL, OPTION_KERNEL},
    {"no-status", no_argument, NULL, OPTION_NO_STATUS},
    {"nth-prime", no_argument, NULL, 'n'},
    {"output", required_argument, NULL, 'o'},
    {"print", optional_argument, NULL, 'p'},
    {"quiet", no_argument, NULL, 'q'},
    {"size", required_argument, NULL, 's'},
    {"time", no_argument, NULL, OPTION_TIME},
    {NULL, 0, NULL, 0},
};

const int settings_cosmetic[] = {'q', OPTION_NO_STATUS, OPTION_TIME, 0};

static bool take_kernel(struct command_line *line, struct settings *settings, const char *name)
{
    settings->kernel = kernel_find(name);
    if (settings->kernel != NULL)
        return true;
    if (kernel_number(1) == NULL)
        return command_line_complain(line, "there is no kernel '%.60s' here: give %s", name,
                                     kernel_number(0)->name);
    return command_line_complain(line, "there is no kernel '%.60s': give %s or %s", name,
                                 kernel_number(0)->name, kernel_number(1)->name);
}

static bool is_size(char digit)
{
    return digit >= '1' && digit <= '0' + MOST_TUPLET;
}

/* -c, -c2, -c126 */
static bool take_count(struct command_line *line, struct settings *settings, const char *sizes)
{
    settings->count_asked = true;
    for (const char *at = sizes != NULL ? sizes : "1"; *at != '\0'; at++) {
        if (!is_size(*at))
            return command_line_complain(line, "'%.60s' cannot be counted: give digits from 1 to 6",
                                         sizes);
        settings->counted |= 1u << (*at - '0');
    }
    return true;
}

/* -p, -p2 */
static bool take_print(struct command_line *line, struct settings *settings, const char *size)
{
    const char *wanted = size != NULL ? size : "1";
    if (!is_size(wanted[0]) || wanted[1] != '\0')
        return command_line_complain(line, "'%.60s' cannot be printed: give one digit from 1 to 6",
                                     size);
    if (settings->printed > 0 && settings->printed != wanted[0] - '0')
        return command_line_complain(line, "one kind of tuplets at a time can be printed");
    settings->printed = wanted[0] - '0';
    return true;
}

/* Sizes out of range are clamped, as primesieve does. */
static bool take_size(struct command_line *line, struct settings *settings, const char *text)
{
    uint64_t size;
    if (!command_line_number(line, text, &size))
        return false;
    if (size < LEAST_SIEVE_SIZE)
        size = LEAST_SIEVE_SIZE;
    settings->sieve_size = size < MOST_SIEVE_SIZE ? (int)size : MOST_SIEVE_SIZE;
    return true;
}

bool settings_take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    switch (option) {
    case 'c':
        return take_count(line, settings, argument);
    case 'd':
        settings->distance_given = true;
        return command_line_number(line, argument, &settings->distance);
    case 'n':
        return settings->nth = true;
    case 'o':
        settings->output = argument;
        return command_line_ending(line, argument, "npy bin txt csv");
    case 'p':
        return take_print(line, settings, argument);
    case 'q':
        return settings->quiet = true;
    case 's':
        return take_size(line, settings, argument);
    case OPTION_KERNEL:
        return take_kernel(line, settings, argument);
    case OPTION_TIME:
        return settings->show_run = settings->show_evenness = true;
    default: /* --no-status: ignored, since there is none */
        return true;
    }
}

/* N [START] */
static bool take_nth(struct command_line *line, struct settings *settings)
{
    if (line->operands == 0)
        return command_line_complain(line, "give N: which prime to find");
    if (settings->printed > 0 && settings->output != NULL)
        return command_line_complain(line, "a file is for primes to be printed, not for the nth");
    settings->interval.first = 0;
    return command_line_number(line, line->operand[0], &settings->n) &&
           (line->operands == 1 ||
            command_line_number(line, line->operand[1], &settings->interval.first));
}

/* [START] --dist=DIST */
static bool take_distance(struct command_line *line, struct settings *settings)
{
    struct interval *interval = &settings->interval;
    if (line->operands == 2)
        return command_line_complain(line, "give either STOP or --dist");
    interval->first = 0;
    if (line->operands == 1 && !command_line_number(line, line->operand[0], &interval->first))
        return false;
    if (settings->distance > UINT64_MAX - interval->first)
        return command_line_complain(line, "START + DIST is too large; it ends with 2^64-1");
    interval->last = interval->first + settings->distance;
    return true;
}

/* [[START] STOP] */
static bool take_interval(struct command_line *line, struct settings *settings)
{
    if (line->operands == 0 && settings->printed > 0)
        return command_line_complain(line, "give STOP: up to where to print");
    if (line->operands == 0)
        settings->show_run = true;
    if (line->operands == 2 &&
        !command_line_number(line, line->operand[0], &settings->interval.first))
        return false;
    return line->operands == 0 ||
           command_line_number(line, line->operand[line->operands - 1], &settings->interval.last);
}

/* Settings that depend on all options together. Printing implies --quiet, and no counts unless
 * requested. */
bool settings_take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    if (settings->kernel == NULL)
        settings->kernel = kernel_number(0);
    if (settings->output != NULL && settings->printed == 0)
        settings->printed = 1;
    if (settings->printed > 0)
        settings->quiet = true;
    else if (!settings->count_asked)
        settings->counted = 1u << 1;
    if (settings->nth)
        return take_nth(line, settings);
    return settings->distance_given ? take_distance(line, settings) : take_interval(line, settings);
}
