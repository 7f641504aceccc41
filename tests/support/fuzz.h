/* Shared by fuzzers: random numbers from a seed, and checks that print how to reproduce a
 * failure. */
#ifndef RANKPOOL_TESTS_FUZZ_H
#define RANKPOOL_TESTS_FUZZ_H

#include <stdint.h>

/* Reads the arguments [COUNT [SEED]] and returns the count. */
uint64_t fuzz_begin(int argc, char **argv, uint64_t count);

uint64_t fuzz_random(void);

/* A number below `bound`; 0 for bound 0. */
uint64_t fuzz_below(uint64_t bound);

/* Ends the program with a line that names the check and the seed. */
_Noreturn void fuzz_fail(const char *check, const char *file, int line);

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

#endif
