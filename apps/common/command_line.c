#include "common/command_line.h"

#include "base/output.h"
#include "common/number.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_OPTIONS = 40,
    /* Values of the common options without a letter, above all characters and the programs' own. */
    OPTION_RANKS = 1000,
    OPTION_WALLTIME,
    OPTION_CHECKPOINT,
    OPTION_RESUME,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
    OPTION_STATS,
    OPTION_TIMELINE,
    OPTION_TRACE
};

static const struct option common_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {"ranks", required_argument, NULL, OPTION_RANKS},
    {"walltime", required_argument, NULL, OPTION_WALLTIME},
    {"progress", no_argument, NULL, OPTION_PROGRESS},
    {"no-progress", no_argument, NULL, OPTION_NO_PROGRESS},
    {"stats", optional_argument, NULL, OPTION_STATS},
    {"timeline", required_argument, NULL, OPTION_TIMELINE},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {NULL, 0, NULL, 0},
};

/* For programs with checkpoints. */
static const struct option keeping_options[] = {
    {"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
    {"resume", optional_argument, NULL, OPTION_RESUME},
    {NULL, 0, NULL, 0},
};

static int add_options(const struct option *some, struct option all[MOST_OPTIONS], int count)
{
    for (; some->name != NULL && count < MOST_OPTIONS - 1; some++)
        all[count++] = *some;
    all[count] = (struct option){NULL, 0, NULL, 0};
    return count;
}

/* Joins the program's options and the common ones in `all`. */
static void join_options(const struct command *command, struct option all[MOST_OPTIONS])
{
    int count = add_options(command->options, all, 0);
    count = add_options(common_options, all, count);
    if (command->keeps_work)
        add_options(keeping_options, all, count);
}

/* getopt's short options: those whose val is a character, with a colon for a required argument and
 * two for an optional one, as has_arg counts. '+': stop at operands, which are parsed separately;
 * ':': distinguish a missing argument from an unknown option. */
static void list_letters(const struct option *options, char letters[3 * MOST_OPTIONS + 3])
{
    *letters++ = '+';
    *letters++ = ':';
    for (; options->name != NULL; options++) {
        if (options->val > UCHAR_MAX || !isalnum(options->val))
            continue;
        *letters++ = (char)options->val;
        for (int colons = options->has_arg; colons > 0; colons--)
            *letters++ = ':';
    }
    *letters = '\0';
}

bool command_line_complain(struct command_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->complaint, sizeof line->complaint, format, arguments);
    va_end(arguments);
    for (char *at = line->complaint; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    line->wish = COMMAND_MISTAKE;
    return false;
}

bool command_line_number(struct command_line *line, const char *text, uint64_t *value)
{
    char problem[NUMBER_PROBLEM_SIZE];
    return number_parse(text, value, problem) ||
           command_line_complain(line, "'%.60s': %s", text, problem);
}

bool command_line_count(struct command_line *line, const char *text, uint64_t least, uint64_t most,
                        uint64_t *value)
{
    if (!command_line_number(line, text, value))
        return false;
    if (*value >= least && *value <= most)
        return true;
    if (most == INT64_MAX)
        return command_line_complain(line, "'%.60s': give a number from %" PRIu64 " to 2^63-1",
                                     text, least);
    return command_line_complain(line, "'%.60s': give a number from %" PRIu64 " to %" PRIu64, text,
                                 least, most);
}

/* ---- fingerprint of the options -------------------------------------------------------------- */

static void add_word(struct command_line *line, const char *word)
{
    line->fingerprint = rp_fingerprint(line->fingerprint, word, strlen(word) + 1);
}

static void add_option(const struct command *command, struct command_line *line, int option,
                       const char *argument)
{
    for (const int *each = command->cosmetic; each != NULL && *each != 0; each++) {
        if (*each == option)
            return;
    }
    line->fingerprint = rp_fingerprint(line->fingerprint, &option, sizeof option);
    add_word(line, argument != NULL ? argument : "");
}

/* ---- words ----------------------------------------------------------------------------------- */

/* -5 and -(2^3) are numbers, if strange ones: the error must be about a number, not an option. */
static bool is_operand(const struct command *command, const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return true;
    if (command->runs_commands)
        return false;
    return isdigit((unsigned char)word[1]) || word[1] == '.' || word[1] == '(';
}

static bool take_operand(const struct command *command, struct command_line *line, char *word)
{
    if (line->operands == command->most_operands)
        return command_line_complain(line, "'%.60s' is one argument too many: give %s", word,
                                     command->operands_wanted);
    line->operand[line->operands++] = word;
    add_word(line, word);
    return true;
}

/* Options may be abbreviated, but rp_launch(), which removes --ranks, knows the full name only. */
static bool take_ranks(struct command_line *line, const char *word)
{
    return strcmp(word, "--ranks") == 0 || strncmp(word, "--ranks=", 8) == 0 ||
           command_line_complain(line, "option '%.60s' is not known; did you mean --ranks", word);
}

static bool take_walltime(struct command_line *line, const char *text)
{
    if (!command_line_number(line, text, &line->walltime))
        return false;
    return line->walltime > 0 ||
           command_line_complain(line, "'%.60s': give at least 1 second", text);
}

static bool take_checkpoint(struct command_line *line, const char *directory)
{
    line->checkpoint = directory;
    return directory[0] != '\0' || command_line_complain(line, "name a directory");
}

static bool take_resume(struct command_line *line, const char *how)
{
    line->resume = how == NULL ? RP_RESUME : RP_RESUME_FORCED;
    return how == NULL || strcmp(how, "force") == 0 ||
           command_line_complain(line, "'%.60s': give nothing, or force", how);
}

/* --resume requires a checkpoint. */
static bool check_resume(struct command_line *line)
{
    const char *environment = getenv("RANKPOOL_CHECKPOINT");
    bool somewhere = line->checkpoint != NULL || (environment != NULL && environment[0] != '\0');
    return line->resume == RP_RESUME_NOTHING || somewhere ||
           command_line_complain(line, "--resume needs --checkpoint, and a directory");
}

bool command_line_ending(struct command_line *line, const char *path, const char *endings)
{
    rp_error error;
    return rpi_output_check_ending(path, endings, &error) == RP_OK ||
           command_line_complain(line, "%s", error.text);
}

static bool take_observation(struct command_line *line, int option, const char *argument)
{
    struct observation *observation = &line->observation;
    const char *endings = option == OPTION_TIMELINE ? "svg html htm"
                          : option == OPTION_TRACE  ? "json"
                                                    : "json txt";
    if (option == OPTION_PROGRESS || option == OPTION_NO_PROGRESS)
        observation->progress = option == OPTION_PROGRESS ? RP_PROGRESS_ON : RP_PROGRESS_OFF;
    else if (option == OPTION_TIMELINE)
        observation->timeline = argument;
    else if (option == OPTION_TRACE)
        observation->trace = argument;
    else
        observation->stats_file = argument;
    observation->stats |= option == OPTION_STATS;
    return argument == NULL || command_line_ending(line, argument, endings);
}

/* Reports getopt_long()'s error on `word`. */
static bool complain_of_option(struct command_line *line, int answer, const char *word)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    int name_length = (int)strcspn(word, "=");
    if (answer == ':')
        return command_line_complain(line, "option '%.60s' needs an argument", word);
    if (!is_long)
        return command_line_complain(line, "option '-%c' is not known", optopt);
    if (optopt == 0)
        return command_line_complain(line, "option '%.60s' is not known", word);
    return command_line_complain(line, "option '%.*s' takes no argument", name_length, word);
}

/* Names the option of `word` as it was typed, without its argument; a letter may be one of several
 * in the word. */
static void name_option(struct command_line *line, int answer, const char *word)
{
    if (strncmp(word, "--", 2) == 0)
        snprintf(line->about, sizeof line->about, "%.*s: ", (int)strcspn(word, "="), word);
    else
        snprintf(line->about, sizeof line->about, "-%c: ", answer);
}

static bool take_argument(const struct command *command, void *settings, struct command_line *line,
                          int answer)
{
    switch (answer) {
    case OPTION_WALLTIME:
        return take_walltime(line, optarg);
    case OPTION_CHECKPOINT:
        return take_checkpoint(line, optarg);
    case OPTION_RESUME:
        return take_resume(line, optarg);
    case OPTION_PROGRESS:
    case OPTION_NO_PROGRESS:
    case OPTION_STATS:
    case OPTION_TIMELINE:
    case OPTION_TRACE:
        return take_observation(line, answer, optarg);
    default:
        add_option(command, line, answer, optarg);
        return command->take_option(line, settings, answer, optarg);
    }
}

static bool take_option(const struct command *command, void *settings, struct command_line *line,
                        int answer, const char *word)
{
    switch (answer) {
    case 'h':
        line->wish = COMMAND_HELP;
        return false;
    case 'v':
        line->wish = COMMAND_VERSION;
        return false;
    case OPTION_RANKS:
        return take_ranks(line, word);
    case '?':
    case ':':
        return complain_of_option(line, answer, word);
    default:
        name_option(line, answer, word);
        if (!take_argument(command, settings, line, answer))
            return false;
        line->about[0] = '\0';
        return true;
    }
}

/* Leaves all words from optind on to the program, if it runs commands. */
static bool take_command(const struct command *command, int argc, char **argv,
                         struct command_line *line)
{
    if (!command->runs_commands)
        return false;
    line->words = argv + optind;
    line->word_count = argc - optind;
    return true;
}

/* Takes the word at optind, an operand or an option, and the option's argument. False at the
 * end. */
static bool take_word(const struct command *command, int argc, char **argv, void *settings,
                      const struct option *options, struct command_line *line)
{
    if (optind >= argc)
        return false;
    char *word = argv[optind];
    if (is_operand(command, word)) {
        if (take_command(command, argc, argv, line))
            return false;
        optind++;
        return take_operand(command, line, word);
    }
    char letters[3 * MOST_OPTIONS + 3];
    list_letters(options, letters);
    int answer = getopt_long(argc, argv, letters, options, NULL);
    if (answer != -1)
        return take_option(command, settings, line, answer, word);
    if (take_command(command, argc, argv, line))
        return false;
    while (optind < argc && take_operand(command, line, argv[optind]))
        optind++;
    return false;
}

void command_line_read(const struct command *command, int argc, char **argv, void *settings,
                       struct command_line *line)
{
    struct option options[MOST_OPTIONS];
    join_options(command, options);
    *line = (struct command_line){.wish = COMMAND_RUN,
                                  .observation = {.progress = RP_PROGRESS_TERMINAL}};
    optind = 1;
    opterr = 0;
    while (take_word(command, argc, argv, settings, options, line))
        continue;
    if (line->wish == COMMAND_RUN && command->take_operands(line, settings))
        check_resume(line);
}
