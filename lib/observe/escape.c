#include "observe/escape.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REPLACEMENT = 0xfffd
};

/* Decodes one UTF-8 character (RFC 3629) of a text that is not at its end, and advances *text. Of
 * an invalid sequence it consumes one byte and returns U+FFFD. A zero byte is no continuation byte,
 * so it never passes the text's end. */
static uint32_t utf8_next(const char **text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)*text;
    int bytes = at[0] < 0x80   ? 1
                : at[0] < 0xc2 ? 0
                : at[0] < 0xe0 ? 2
                : at[0] < 0xf0 ? 3
                : at[0] < 0xf5 ? 4
                               : 0;
    uint32_t character = bytes == 1 ? at[0] : at[0] & (0x7fu >> bytes);
    (*text)++;
    for (int i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        character = character << 6 | (at[i] & 0x3f);
    }
    bool surrogate = character >= 0xd800 && character < 0xe000;
    if (bytes == 0 || character < least[bytes] || character > 0x10ffff || surrogate)
        return REPLACEMENT;
    *text += bytes - 1;
    return character;
}

static void utf8_put(FILE *file, uint32_t character)
{
    if (character < 0x80) {
        fputc((int)character, file);
        return;
    }
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    fputc((int)((0xff00u >> (more + 1) & 0xffu) | character >> 6 * more), file);
    while (more-- > 0)
        fputc((int)(0x80u | (character >> 6 * more & 0x3fu)), file);
}

/* Escapes U+2028 and U+2029 too, which end a line in scripts that contain the string. */
void rpi_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    while (*text != '\0') {
        uint32_t character = utf8_next(&text);
        if (character == '"' || character == '\\')
            fprintf(file, "\\%c", (char)character);
        else if (character < 0x20 || character == 0x7f || character == 0x2028 ||
                 character == 0x2029)
            fprintf(file, "\\u%04x", (unsigned)character);
        else
            utf8_put(file, character);
    }
    fputc('"', file);
}

void rpi_json_number(FILE *file, double value, int decimals)
{
    if (isfinite(value))
        fprintf(file, "%.*f", decimals, value);
    else
        fputs("null", file);
}

/* XML and HTML both treat tabs and line ends as blanks. XML 1.0 forbids other control characters,
 * even escaped; HTML warns about them. */
static uint32_t xml_character(uint32_t character)
{
    if (character == '\t' || character == '\n' || character == '\r')
        return ' ';
    bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
    return control || (character & 0xfffe) == 0xfffe ? REPLACEMENT : character;
}

void rpi_xml_text(FILE *file, const char *text)
{
    while (*text != '\0') {
        uint32_t character = xml_character(utf8_next(&text));
        switch (character) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            utf8_put(file, character);
        }
    }
}
