/* Text in JSON, and in XML. */
#ifndef RANKPOOL_OBSERVE_MARKUP_H
#define RANKPOOL_OBSERVE_MARKUP_H

#include <stdio.h>

/* A string with its quotes. Control characters become spaces. */
void rpi_json_string(FILE *file, const char *text);

/* Text between tags, or in an attribute. */
void rpi_xml_text(FILE *file, const char *text);

#endif
