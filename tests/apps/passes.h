/* How the unit tests of programs are run. */
#ifndef RANKPOOL_TESTS_PASSES_H
#define RANKPOOL_TESTS_PASSES_H

#include <check.h>
#include <stdbool.h>

/* Runs the tests in this process, and says what fails. */
bool passes(TCase *tests, const char *name);

#endif
