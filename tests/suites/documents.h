/* Files that programs write, as tests read them: are they well-formed? */
#ifndef RANKPOOL_TESTS_DOCUMENTS_H
#define RANKPOOL_TESTS_DOCUMENTS_H

#include <stdbool.h>

/* The whole file, ended by a zero byte; NULL: it cannot be read. To be freed. */
char *document_read(const char *path);

/* Is it one value of JSON (RFC 8259), and nothing else? In UTF-8. */
bool document_is_json(const char *text);

/* Is every tag of it closed, in order, and all its text in characters of XML 1.0, in UTF-8? */
bool document_is_balanced_xml(const char *text);

#endif
