#include "documents.h"

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

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The length of the character that begins here, 0 if it is invalid (RFC 3629, table 3-7 of
 * Unicode). */
static size_t character_at(const unsigned char *at)
{
    static const unsigned char rows[][5] = {
        /* first byte: from, to; second: from, to; length */
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const unsigned char *row = rows[i];
        if (at[0] < row[0] || at[0] > row[1])
            continue;
        bool good = row[4] == 1 || (at[1] >= row[2] && at[1] <= row[3]);
        for (size_t more = 2; more < row[4] && good; more++)
            good = (at[more] & 0xc0) == 0x80;
        return good ? row[4] : 0;
    }
    return 0;
}

static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t bytes = character_at(at);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

/* ---- JSON: each function consumes its part from the front of the text ------------------------ */

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

/* After a backslash: one of these characters, or four digits. */
static const char *escape(const char *at)
{
    if (*at == 'u')
        return strspn(at + 1, "0123456789abcdefABCDEF") >= 4 ? at + 5 : NULL;
    return *at != '\0' && strchr("\"\\/bfnrt", *at) != NULL ? at + 1 : NULL;
}

static const char *string(const char *at)
{
    at = taken(at, "\"");
    while (at != NULL && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        at = *at == '\\' ? escape(at + 1) : at + 1;
    }
    return at != NULL ? at + 1 : NULL;
}

static const char *digits(const char *at)
{
    size_t count = at != NULL ? strspn(at, "0123456789") : 0;
    return count > 0 ? at + count : NULL;
}

/* Parsed character by character, since strtod() accepts more, and the locale's decimal point. */
static const char *number(const char *at)
{
    at = blank(at);
    at += *at == '-';
    at = *at == '0' ? at + 1 : digits(at);
    if (at != NULL && *at == '.')
        at = digits(at + 1);
    if (at != NULL && (*at == 'e' || *at == 'E'))
        at = digits(at + 1 + (at[1] == '-' || at[1] == '+'));
    return at;
}

/* Members between brackets, with keys or without. */
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
    return end != NULL && *end == '\0' && is_utf8(text);
}

/* ---- XML ------------------------------------------------------------------------------------- */

enum {
    DEEPEST = 32,
    NAME_BYTES = 32
};

static void name_of(const char *at, char name[NAME_BYTES])
{
    size_t length = strcspn(at, " \t\n/>");
    snprintf(name, NAME_BYTES, "%.*s", (int)length, at);
}

/* UTF-8 without the characters that XML 1.0 excludes, and with no entities but XML's own. */
static bool is_xml_text(const char *text)
{
    if (!is_utf8(text) || strstr(text, "\xef\xbf\xbe") != NULL ||
        strstr(text, "\xef\xbf\xbf") != NULL)
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 && strchr("\t\n\r", *at) == NULL)
            return false;
    const char *data = strstr(text, "<![CDATA[");
    for (const char *at = text; (at = strchr(at, '&')) != NULL && (data == NULL || at < data); at++)
        if (strncmp(at, "&lt;", 4) != 0 && strncmp(at, "&gt;", 4) != 0 &&
            strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&quot;", 6) != 0 &&
            strncmp(at, "&#39;", 5) != 0)
            return false;
    return true;
}

bool document_is_balanced_xml(const char *text)
{
    if (!is_xml_text(text))
        return false;
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
