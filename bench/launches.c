#include "launches.h"

#include <stdlib.h>
#include <string.h>

/* The value of a field of a JSON object that rounds_write() wrote; NULL if there is none. */
static const char *field(const char *line, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(line, key);
    return found != NULL ? found + strlen(key) : NULL;
}

static bool field_number(const char *line, const char *name, double *number)
{
    const char *value = field(line, name);
    char *end = NULL;
    if (value != NULL)
        *number = strtod(value, &end);
    return end != NULL && end > value;
}

/* False, too, if the text is empty or does not fit. */
static bool field_text(const char *line, const char *name, char *text, size_t size)
{
    const char *value = field(line, name);
    size_t length = value != NULL && *value == '"' ? strcspn(value + 1, "\"") : 0;
    if (length == 0 || length >= size || value[length + 1] != '"')
        return false;
    memcpy(text, value + 1, length);
    text[length] = '\0';
    return true;
}

/* In the first launch. */
static bool row_new(struct launches *launches, const char *line)
{
    int i = launches->count;
    double goal;
    if (i == MOST_MERGED || !field_number(line, "goal", &goal) ||
        !field_text(line, "row", launches->names[i], sizeof launches->names[i]) ||
        !field_text(line, "unit", launches->units[i], sizeof launches->units[i]))
        return false;
    launches->rows[i] =
        row_of(launches->names[i], &launches->medians[i], goal, launches->units[i], 1);
    launches->rows[i].inner = &launches->rounds[i];
    launches->count++;
    return true;
}

bool launches_add(struct launches *launches, const char *line)
{
    int i = launches->added;
    char name[sizeof launches->names[0]];
    double median, rounds;
    if (!launches->launched && !row_new(launches, line))
        return false;
    if (i == launches->count || !field_text(line, "row", name, sizeof name) ||
        strcmp(name, launches->names[i]) != 0 || !field_number(line, "median", &median) ||
        !field_number(line, "rounds", &rounds))
        return false;
    times_add(&launches->medians[i], median);
    times_add(&launches->rounds[i], rounds);
    launches->added++;
    return true;
}

bool launches_end(struct launches *launches)
{
    bool complete = launches->count > 0 && launches->added == launches->count;
    launches->launched = true;
    launches->added = 0;
    return complete;
}
