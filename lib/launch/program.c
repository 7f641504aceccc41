#include "launch/program.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_WORDS = 32 /* of the dynamic loader's command line */
};

/* The name by which the program was executed, from the kernel or the loader. */
static const char *program_executed_name(void)
{
    const char *name = (const char *)getauxval(AT_EXECFN);
    return name != NULL ? name : "";
}

static bool program_is_same_file(const char *one, const char *other)
{
    struct stat first, second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Reads the command line up to the program's name. Returns the number of words, or 0 if the name is
 * not there. */
static int program_read_loader_words(char **words)
{
    const char *name = program_executed_name();
    FILE *file = fopen("/proc/self/cmdline", "re");
    bool found = false;
    int count = 0;
    while (file != NULL && !found && count < MOST_WORDS) {
        size_t room = 0;
        words[count] = NULL;
        if (getdelim(&words[count], &room, '\0', file) <= 0)
            break;
        found = count > 0 && strcmp(words[count], name) == 0;
        count++;
    }
    if (file != NULL)
        fclose(file);
    return found ? count : 0;
}

/* Leaves `path` as it is if the result would be too long. */
static void program_make_absolute(const char *name, char path[PATH_MAX])
{
    char here[PATH_MAX] = "", absolute[2 * PATH_MAX + 1];
    if (name[0] != '/' && getcwd(here, sizeof here) == NULL)
        return;
    int length =
        snprintf(absolute, sizeof absolute, "%s%s%s", here, name[0] != '/' ? "/" : "", name);
    if (length < PATH_MAX)
        memcpy(path, absolute, (size_t)length + 1);
}

char **rpi_program_words(void)
{
    static char path[PATH_MAX], *words[MOST_WORDS + 1];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return NULL;
    path[length] = '\0';
    const char *name = program_executed_name();
    bool direct = program_is_same_file("/proc/self/exe", name);
    int count = direct ? 0 : program_read_loader_words(words);
    if (direct)
        program_make_absolute(name, path);
    words[0] = path;
    words[count > 0 ? count : 1] = NULL;
    return words;
}

const char *rpi_program_problem(void)
{
    char **words = rpi_program_words();
    if (words == NULL || access(words[0], X_OK) == 0)
        return NULL;
    return strerror(errno);
}
