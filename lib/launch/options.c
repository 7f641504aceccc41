#include "launch/options.h"

#include "base/environment.h"
#include "launch/launched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any machine has; a number beyond it is a slip of the finger. */
enum {
    MOST_RANKS = 65536,
    EXIT_USAGE = 2
};

static int parse_ranks(const char *what, const char *text)
{
    int64_t ranks;
    if (text != NULL && rpi_parse_integer(text, 1, MOST_RANKS, &ranks))
        return (int)ranks;
    if (rp_launched_rank() <= 0)
        fprintf(stderr, "%s: %s: %s%s%s: give a whole number from 1 to %d\n",
                program_invocation_short_name, what, text != NULL ? "\"" : "",
                text != NULL ? text : "no number", text != NULL ? "\"" : "", MOST_RANKS);
    exit(EXIT_USAGE);
}

int rpi_take_ranks_option(int *argc, char **argv)
{
    static const char option[] = "--ranks";
    size_t length = strlen(option);
    int ranks = 0, kept = 0, i = 0;
    for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
        if (i == 0 || strncmp(argv[i], option, length) != 0)
            argv[kept++] = argv[i];
        else if (argv[i][length] == '=')
            ranks = parse_ranks(option, argv[i] + length + 1);
        else if (argv[i][length] != '\0')
            argv[kept++] = argv[i];
        else /* argv[*argc] is NULL: no number */
            ranks = parse_ranks(option, argv[++i]);
    }
    while (i < *argc)
        argv[kept++] = argv[i++];
    argv[kept] = NULL;
    *argc = kept;
    return ranks;
}

int rpi_ranks_of_environment(void)
{
    const char *text = rpi_environment_text("RANKPOOL_RANKS");
    return text != NULL ? parse_ranks("RANKPOOL_RANKS", text) : 0;
}
