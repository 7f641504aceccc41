#include "observe/markup.h"

static int printable(char byte)
{
    return (unsigned char)byte < 0x20 ? ' ' : byte;
}

void rpi_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(printable(*text), file);
    }
    fputc('"', file);
}

void rpi_xml_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
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
        default:
            fputc(printable(*text), file);
        }
    }
}
