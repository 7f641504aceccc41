#include "commands/settings.h"

#include "base/numeric_locale.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPTION_UNORDERED = 1,
    OPTION_DRY_RUN,
    OPTION_JOB_LOG,
    OPTION_RESUME,
    OPTION_RETRIES,
    OPTION_TIMEOUT,
    OPTION_HALT
};

const struct settings settings_default = {.tries = 1, .halt_failures = 1};

const struct option settings_options[] = {
    {"arg-file", required_argument, NULL, 'a'},
    {"null", no_argument, NULL, '0'},
    {"keep-order", no_argument, NULL, 'k'},
    {"unordered", no_argument, NULL, OPTION_UNORDERED},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"joblog", required_argument, NULL, OPTION_JOB_LOG},
    {"resume", no_argument, NULL, OPTION_RESUME},
    {"resume-failed", no_argument, NULL, OPTION_RESUME},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"halt", required_argument, NULL, OPTION_HALT},
    {NULL, 0, NULL, 0},
};

static bool take_timeout(struct command_line *line, struct settings *settings, const char *text)
{
    return (rpi_parse_number(text, &settings->timeout) && settings->timeout > 0 &&
            settings->timeout <= 1e9) ||
           command_line_complain(line, "'%.60s': give seconds, more than 0", text);
}

/* never, soon, now; soon,fail=N, now,fail=N. */
static bool take_halt(struct command_line *line, struct settings *settings, const char *text)
{
    size_t length = strcspn(text, ",");
    const char *number = text + length;
    if (strcmp(text, "never") == 0)
        settings->halt = HALT_NEVER;
    else if (length == 4 && strncmp(text, "soon", length) == 0)
        settings->halt = HALT_SOON;
    else if (length == 3 && strncmp(text, "now", length) == 0)
        settings->halt = HALT_NOW;
    else
        return command_line_complain(line, "'%.60s': give never, soon or now", text);
    settings->halt_failures = 1;
    if (*number == '\0')
        return true;
    if (strncmp(number, ",fail=", 6) != 0)
        return command_line_complain(line, "'%.60s': only ,fail=N may follow soon or now", text);
    return command_line_count(line, number + 6, 1, INT64_MAX, &settings->halt_failures);
}

bool settings_take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    switch (option) {
    case 'a':
        settings->file = argument;
        return true;
    case '0':
        return settings->null_ended = true;
    case 'k':
    case OPTION_UNORDERED:
        settings->unordered = option == OPTION_UNORDERED;
        return true;
    case OPTION_DRY_RUN:
        return settings->dry_run = true;
    case OPTION_JOB_LOG:
        settings->job_log = argument;
        return argument[0] != '\0' || command_line_complain(line, "name a file");
    case OPTION_RESUME:
        return settings->resume = true;
    case OPTION_RETRIES:
        return command_line_count(line, argument, 1, 1000000, &settings->tries);
    case OPTION_TIMEOUT:
        return take_timeout(line, settings, argument);
    default:
        return take_halt(line, settings, argument);
    }
}

static int find_separator(char **words, int count)
{
    int at = 0;
    while (at < count && strcmp(words[at], ":::") != 0)
        at++;
    return at;
}

/* Copies the list: rp_launch() moves words in argv when it removes its own. */
static bool copy_words(struct command_line *line, struct settings *settings)
{
    size_t count = (size_t)line->word_count;
    settings->words = calloc(count + 1, sizeof *settings->words);
    if (settings->words == NULL)
        return command_line_complain(line, "no memory for the command");
    for (size_t i = 0; i < count; i++)
        settings->words[i] = line->words[i];
    return true;
}

bool settings_take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    int at = find_separator(line->words, line->word_count);
    if (!copy_words(line, settings))
        return false;
    settings->word_count = at;
    if (settings->resume && settings->job_log == NULL)
        return command_line_complain(line, "--resume needs --joblog, and the file to resume from");
    if (at == line->word_count)
        return true;
    settings->arguments = settings->words + at + 1;
    settings->argument_count = line->word_count - at - 1;
    if (settings->file != NULL)
        return command_line_complain(line, "give arguments after :::, or in a file, not both");
    return find_separator(settings->arguments, settings->argument_count) ==
               settings->argument_count ||
           command_line_complain(line, "give ::: once: there are no combinations of arguments");
}
