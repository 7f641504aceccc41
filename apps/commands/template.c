#include "commands/template.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of an argument. */
struct part {
    const char *text;
    size_t length;
};

/* ---- parts of an argument -------------------------------------------------------------------- */

static struct part part_whole(struct part argument)
{
    return argument;
}

static size_t part_last_component(struct part argument)
{
    const char *slash = memrchr(argument.text, '/', argument.length);
    return slash == NULL ? 0 : (size_t)(slash + 1 - argument.text);
}

static struct part part_base(struct part argument)
{
    size_t begin = part_last_component(argument);
    return (struct part){argument.text + begin, argument.length - begin};
}

static struct part part_stem(struct part argument)
{
    struct part base = part_base(argument);
    const char *dot = memrchr(base.text, '.', base.length);
    return dot == NULL ? argument : (struct part){argument.text, (size_t)(dot - argument.text)};
}

static struct part part_base_stem(struct part argument)
{
    return part_stem(part_base(argument));
}

static size_t without_slashes(struct part part)
{
    size_t length = part.length;
    while (length > 0 && part.text[length - 1] == '/')
        length--;
    return length;
}

/* As dirname(1). */
static struct part part_directory(struct part argument)
{
    struct part path = {argument.text, without_slashes(argument)};
    struct part parent = {argument.text, part_last_component(path)};
    size_t length = without_slashes(parent);
    if (length > 0)
        return (struct part){argument.text, length};
    bool rooted = argument.length > 0 && argument.text[0] == '/';
    return rooted ? (struct part){"/", 1} : (struct part){".", 1};
}

static const struct replacement {
    const char *name;
    struct part (*part)(struct part argument); /* NULL: the number */
} replacements[] = {
    {"{}", part_whole},       {"{.}", part_stem},       {"{/}", part_base},
    {"{//}", part_directory}, {"{/.}", part_base_stem}, {"{#}", NULL},
};

static const struct replacement *replacement_find(const char *at)
{
    for (size_t i = 0; i < sizeof replacements / sizeof replacements[0]; i++)
        if (strncmp(at, replacements[i].name, strlen(replacements[i].name)) == 0)
            return &replacements[i];
    return NULL;
}

/* ---- quoting --------------------------------------------------------------------------------- */

static bool append(rp_buffer *command, const char *text, size_t length)
{
    return rp_buffer_append(command, text, length) == 0;
}

static bool is_plain(struct part part)
{
    for (size_t i = 0; i < part.length; i++) {
        unsigned char byte = (unsigned char)part.text[i];
        if (byte >= 0x80 || (!isalnum(byte) && strchr("-_.+/", byte) == NULL) || byte == '\0')
            return false;
    }
    return part.length > 0;
}

/* Appends the bytes up to the next quote between quotes, if there are any. */
static bool append_quoted_run(rp_buffer *command, struct part *rest)
{
    const char *quote = memchr(rest->text, '\'', rest->length);
    size_t length = quote == NULL ? rest->length : (size_t)(quote - rest->text);
    bool done = length == 0 || (append(command, "'", 1) && append(command, rest->text, length) &&
                                append(command, "'", 1));
    *rest = (struct part){rest->text + length, rest->length - length};
    return done;
}

/* Between single quotes every byte but the quote itself stands for itself. */
static bool append_quoted(rp_buffer *command, struct part part)
{
    if (is_plain(part))
        return append(command, part.text, part.length);
    if (part.length == 0)
        return append(command, "''", 2);
    bool done = append_quoted_run(command, &part);
    while (done && part.length > 0) {
        part = (struct part){part.text + 1, part.length - 1};
        done = append(command, "\"'\"", 3) && append_quoted_run(command, &part);
    }
    return done;
}

/* ---- templates ------------------------------------------------------------------------------- */

static bool has_replacement(const char *text)
{
    while ((text = strchr(text, '{')) != NULL && replacement_find(text) == NULL)
        text++;
    return text != NULL;
}

char *template_make(char *const *words, int count)
{
    size_t size = sizeof " {}";
    for (int i = 0; i < count; i++)
        size += strlen(words[i]) + 1;
    char *template = calloc(1, size), *end = template;
    if (template == NULL)
        return NULL;
    for (int i = 0; i < count; i++)
        end += sprintf(end, "%s%s", i > 0 ? " " : "", words[i]);
    if (!has_replacement(template))
        strcpy(end, " {}");
    return template;
}

static bool append_replacement(rp_buffer *command, const struct replacement *replacement,
                               struct part argument, int64_t number)
{
    char digits[32];
    if (replacement->part != NULL)
        return append_quoted(command, replacement->part(argument));
    return append(command, digits, (size_t)sprintf(digits, "%" PRId64, number));
}

bool template_expand(const char *template, const char *argument, size_t length, int64_t number,
                     rp_buffer *command)
{
    const struct part whole = {argument, length};
    for (const char *at = template; *at != '\0';) {
        const struct replacement *replacement = replacement_find(at);
        size_t plain = replacement == NULL ? 1 + strcspn(at + 1, "{") : 0;
        bool done = replacement == NULL ? append(command, at, plain)
                                        : append_replacement(command, replacement, whole, number);
        if (!done)
            return false;
        at += replacement == NULL ? plain : strlen(replacement->name);
    }
    return true;
}
