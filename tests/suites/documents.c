#include "documents.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *document_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(length + 1, 1);
    if (text != NULL && fread(text, 1, length, file) != length) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

/* ---- JSON: each function takes its part from the front of the text
 * ---------------------------- */

static const char *value(const char *at);

static const char *blank(const char *at)
{
    return at != NULL ? at + strspn(at, " \t\r\n") : NULL;
}

static const char *taken(const char *at, const char *word)
{
    at = blank(at);
    return at != NULL && strncmp(at, word, strlen(word)) == 0 ? at + strlen(word) : NULL;
}

static const char *string(const char *at)
{
    at = taken(at, "\"");
    while (at != NULL && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        at += *at == '\\' ? 2 : 1;
    }
    return at != NULL ? at + 1 : NULL;
}

static const char *number(const char *at)
{
    char *end;
    at = blank(at);
    if (*at != '-' && !isdigit((unsigned char)*at))
        return NULL;
    strtod(at, &end);
    return end > at ? end : NULL;
}

/* Members between brackets; with a key each, or without. */
static const char *members(const char *at, const char *closing, bool keyed)
{
    const char *end = taken(at, closing);
    if (end != NULL)
        return end;
    for (;;) {
        if (keyed)
            at = taken(string(at), ":");
        at = value(at);
        if ((end = taken(at, closing)) != NULL)
            return end;
        if ((at = taken(at, ",")) == NULL)
            return NULL;
    }
}

static const char *value(const char *at)
{
    const char *end;
    if ((at = blank(at)) == NULL)
        return NULL;
    if ((end = taken(at, "{")) != NULL)
        return members(end, "}", true);
    if ((end = taken(at, "[")) != NULL)
        return members(end, "]", false);
    if (*at == '"')
        return string(at);
    if ((end = taken(at, "true")) != NULL || (end = taken(at, "false")) != NULL ||
        (end = taken(at, "null")) != NULL)
        return end;
    return number(at);
}

bool document_is_json(const char *text)
{
    const char *end = blank(value(text));
    return end != NULL && *end == '\0';
}

/* ---- XML
 * --------------------------------------------------------------------------------------- */

enum {
    DEEPEST = 32,
    NAME_BYTES = 32
};

static void name_of(const char *at, char name[NAME_BYTES])
{
    size_t length = strcspn(at, " \t\n/>");
    snprintf(name, NAME_BYTES, "%.*s", (int)length, at);
}

bool document_is_balanced_xml(const char *text)
{
    char open[DEEPEST][NAME_BYTES], name[NAME_BYTES];
    int depth = 0;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at, '<')) {
        if (strncmp(at, "<![CDATA[", 9) == 0) {
            at = strstr(at, "]]>");
            if (at == NULL)
                return false;
            continue;
        }
        const char *end = strchr(at, '>');
        if (end == NULL)
            return false;
        bool closing = at[1] == '/', alone = end[-1] == '/';
        name_of(at + 1 + closing, name);
        if (closing && (depth == 0 || strcmp(open[--depth], name) != 0))
            return false;
        if (!closing && !alone && depth == DEEPEST)
            return false;
        if (!closing && !alone)
            memcpy(open[depth++], name, sizeof name);
        at = end;
    }
    return depth == 0;
}
