#include "commands/words.h"

#include <ctype.h>
#include <string.h>

/* Of a shell's reserved words and built-in commands, those that are no programs, or others than the
 * programs of the same name. */
static bool is_of_the_shell(const char *name)
{
    static const char *const names[] = {
        ".",        "alias",    "bg",      "break",  "builtin",  "case",   "cd",     "chdir",
        "command",  "continue", "do",      "done",   "echo",     "elif",   "else",   "esac",
        "eval",     "exec",     "exit",    "export", "fc",       "fg",     "fi",     "for",
        "function", "getopts",  "hash",    "if",     "in",       "jobs",   "kill",   "let",
        "local",    "printf",   "pwd",     "read",   "readonly", "return", "select", "set",
        "shift",    "source",   "test",    "then",   "time",     "times",  "trap",   "type",
        "ulimit",   "umask",    "unalias", "unset",  "until",    "wait",   "while",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A sign of equality in the first word would be an assignment. */
static bool is_ordinary(char byte, bool first)
{
    return isalnum((unsigned char)byte) || (byte != '\0' && strchr("-_.+/,:@%", byte) != NULL) ||
           (byte == '=' && !first);
}

bool words_split(struct words *words, const char *command)
{
    size_t length = strnlen(command, WORDS_BYTES);
    int count = 0;
    bool inside = false;
    if (length == WORDS_BYTES)
        return false;
    memcpy(words->bytes, command, length + 1);
    for (char *at = words->bytes; *at != '\0'; at++) {
        bool blank = *at == ' ' || *at == '\t';
        if (!blank && !is_ordinary(*at, count == 0 || (count == 1 && inside)))
            return false;
        if (!blank && !inside && count == WORDS_MOST)
            return false;
        if (!blank && !inside)
            words->word[count++] = at;
        if (blank)
            *at = '\0';
        inside = !blank;
    }
    words->word[count] = NULL;
    return count > 0 && words->word[0][0] != '-' && !is_of_the_shell(words->word[0]);
}
