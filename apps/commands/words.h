/* Commands that need no shell: words of ordinary characters, as in `convert a.tif a.png`. */
#ifndef RANKPOOL_APPS_COMMANDS_WORDS_H
#define RANKPOOL_APPS_COMMANDS_WORDS_H

#include <stdbool.h>

enum {
    WORDS_MOST = 64,
    WORDS_BYTES = 4096
};

struct words {
    char *word[WORDS_MOST + 1]; /* ended by NULL */
    char bytes[WORDS_BYTES];
};

/* Splits a command. False: it takes a shell, or is too long. */
bool words_split(struct words *words, const char *command);

#endif
