/* Strings and numbers in JSON, XML and HTML. Names may hold any bytes: invalid UTF-8, and
 * characters that the format does not allow, become U+FFFD. */
#ifndef RANKPOOL_OBSERVE_ESCAPE_H
#define RANKPOOL_OBSERVE_ESCAPE_H

#include <stdio.h>

/* Writes a JSON string (RFC 8259), with its quotes. */
void rpi_json_string(FILE *file, const char *text);

/* Writes a JSON number with `decimals` decimals; null if it is not finite, as JSON has no such
 * number. */
void rpi_json_number(FILE *file, double value, int decimals);

/* Writes text for XML 1.0 or HTML, between tags or in an attribute. */
void rpi_xml_text(FILE *file, const char *text);

#endif
