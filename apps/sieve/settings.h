/* The command line of primes. */
#ifndef RANKPOOL_APPS_SIEVE_SETTINGS_H
#define RANKPOOL_APPS_SIEVE_SETTINGS_H

#include "common/command_line.h"
#include "sieve/interval.h"
#include "sieve/kernel.h"

struct settings {
    struct interval interval;
    unsigned counted; /* bit k: count tuplets of k primes */
    bool count_asked; /* by an option */
    int printed;      /* the size of tuplets to print; 0: none */
    bool nth;         /* find a prime: number `n` after interval.first */
    uint64_t n;
    bool distance_given; /* then stop is start plus distance */
    uint64_t distance;
    const char *output; /* file for the primes, or NULL: stdout */
    bool quiet;         /* no labels before numbers */
    int sieve_size;     /* KiB; 0: the kernel's default */
    const struct kernel *kernel;
    bool show_run;
    bool show_evenness;
};

extern const struct settings settings_default;

/* For struct command. */
extern const struct option settings_options[];
extern const int settings_cosmetic[];
bool settings_take_option(struct command_line *line, void *into, int option, const char *argument);
bool settings_take_operands(struct command_line *line, void *into);

#endif
