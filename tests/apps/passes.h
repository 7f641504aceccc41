/* The runner of the programs' unit tests. */
#ifndef RANKPOOL_TESTS_PASSES_H
#define RANKPOOL_TESTS_PASSES_H

#include <check.h>
#include <stdbool.h>

/* Runs the tests in this process, and prints failures. */
bool passes(TCase *tests, const char *name);

#endif
