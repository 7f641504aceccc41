/* Checks that files written by programs are well-formed. */
#ifndef RANKPOOL_TESTS_DOCUMENTS_H
#define RANKPOOL_TESTS_DOCUMENTS_H

#include <stdbool.h>

/* Returns the whole file with a zero byte appended; NULL if it cannot be read. The caller frees
 * it. */
char *document_read(const char *path);

/* Whether the text is exactly one value of JSON (RFC 8259), in UTF-8. */
bool document_is_json(const char *text);

/* Whether all tags are closed in order, and all text is UTF-8 of XML 1.0's characters. */
bool document_is_balanced_xml(const char *text);

#endif
