#include "launch/mpirun.h"

#include "base/environment.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

/* Strips white space from both ends of a value. */
static char *parameter_strip(char *text)
{
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return text;
}

/* The value in a line "name = value", or NULL if the line does not set the parameter. */
static char *parameter_value(char *line, const char *name)
{
    size_t length = strlen(name);
    line += strspn(line, blanks);
    if (strncmp(line, name, length) != 0)
        return NULL;
    line += length + strspn(line + length, blanks);
    return *line == '=' ? parameter_strip(line + 1) : NULL;
}

/* The value that a file sets for a parameter, to be freed by the caller, or NULL. The last line
 * counts, as in Open MPI. */
static char *parameter_read(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *found = NULL, *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) >= 0) {
        const char *value = parameter_value(line, name);
        if (value != NULL) {
            free(found);
            found = strdup(value);
        }
    }
    free(line);
    fclose(file);
    return found;
}

/* Is a name of `length` characters in a comma-separated list? */
static bool parameter_list_has(const char *list, const char *name, size_t length)
{
    while (*list != '\0') {
        size_t part = strcspn(list, ",");
        if (part == length && strncmp(list, name, length) == 0)
            return true;
        list += part + (list[part] == ',');
    }
    return false;
}

static bool parameter_contradicts(const char *said, const char *value)
{
    if (said[0] != '^')
        return said[0] != '\0';
    while (*value != '\0') {
        size_t part = strcspn(value, ",");
        if (parameter_list_has(said + 1, value, part))
            return true;
        value += part + (value[part] == ',');
    }
    return false;
}

/* The files that Open MPI and PMIx read, in this order. The caller frees the result. */
static char *parameter_files(void)
{
    const char *home = rpi_environment_text("HOME");
    const char *named = rpi_environment_text("OMPI_MCA_mca_base_param_files");
    char *files = NULL;
    if (home == NULL)
        home = "";
    if (named != NULL)
        return strdup(named);
    if (asprintf(&files,
                 "%s/.openmpi/mca-params.conf:%s/openmpi-mca-params.conf:%s/.pmix/mca-params.conf",
                 home, RANKPOOL_MPI_SYSCONFDIR, home) < 0)
        return NULL;
    return files;
}

bool rpi_parameter_is_set(const char *variable, const char *value)
{
    const char *name = strstr(variable, "_MCA_");
    char *files = name != NULL ? parameter_files() : NULL;
    if (files == NULL)
        return false;
    name += strlen("_MCA_");
    char *said = NULL, *rest;
    for (char *path = strtok_r(files, ":,", &rest); path != NULL && said == NULL;
         path = strtok_r(NULL, ":,", &rest))
        said = parameter_read(path, name);
    bool contradicts = said != NULL && parameter_contradicts(said, value);
    free(said);
    free(files);
    return contradicts;
}
