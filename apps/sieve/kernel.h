/* Kernels: ways to count and list the primes of an interval on one core. */
#ifndef RANKPOOL_APPS_KERNEL_H
#define RANKPOOL_APPS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KERNEL_TITLE_SIZE = 64
};

/* Takes the next primes of a list. False: no further ones are needed. */
typedef bool (*prime_taker)(void *closure, const uint64_t *primes, size_t count);

struct kernel {
    const char *name; /* its name for --kernel */
    void (*describe)(char title[KERNEL_TITLE_SIZE]);
    /* Sets the size of the part of the sieve that is worked on at once, 16 to 8192, if the kernel
     * has one. */
    void (*set_size)(int kibibytes);
    /* Counts the primes p with first <= p <= last, for 0 <= first <= last < 2^64; for sizes 2 to 6
     * the tuplets of that many primes in there. False: there was not enough memory. */
    bool (*count)(int size, uint64_t first, uint64_t last, uint64_t *counted);
    /* Lists these primes in ascending order, some at a time. False as above. */
    bool (*list)(uint64_t first, uint64_t last, prime_taker take, void *closure);
    /* The width of units for an interval that ends at `last`: narrow enough for many ranks, wide
     * enough that a call for one unit does not cost a multiple of its share in a call for many. */
    uint64_t (*unit_width)(uint64_t last);
    /* The same, for units of which a call sieves as many as it pays to. */
    uint64_t (*part_width)(uint64_t last);
    /* Narrower calls of count() take longer for each number; 0: the cost of a call, below, tells
     * all there is to know. */
    uint64_t call_width;
    /* The cost of a call in seconds, however narrow its interval, and that of sieving a number in
     * addition. */
    double (*call_overhead)(uint64_t last);
    double (*number_seconds)(uint64_t last);
};

/* The segmented sieve of this folder: portable, readable, a quarter as fast as the library's. */
extern const struct kernel kernel_builtin;

/* libprimesieve's, if the program was built with it. */
extern const struct kernel kernel_primesieve;

/* The available kernels, the fastest first; NULL after the last. */
const struct kernel *kernel_number(size_t index);

/* The kernel of that name, or NULL. */
const struct kernel *kernel_find(const char *name);

/* The largest integer whose square is at most n. */
uint64_t integer_root(uint64_t n);

#endif
