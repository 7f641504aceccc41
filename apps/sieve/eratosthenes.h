/* The sieve of Eratosthenes over an interval, window by window. */
#ifndef RANKPOOL_APPS_ERATOSTHENES_H
#define RANKPOOL_APPS_ERATOSTHENES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RESIDUES = 8
};

/* 1, 7, 11, 13, 17, 19, 23, 29: what a byte stands for. */
extern const uint8_t residues[RESIDUES];

/* Bytes first ... first + size - 1 of all numbers; a bit is set for a number that is struck out. */
struct area {
    uint64_t first;
    int64_t size;
    uint8_t *bytes;
};

/* A walk through an area, from one number that stands to the next. */
struct walk {
    const struct area *area;
    int64_t next_byte;
    uint64_t base;     /* 30 times the byte we are at */
    unsigned standing; /* its bits that are not struck out and not walked over */
};

struct walk walk_from(const struct area *area);

/* The next number that stands; 0 after the last. */
uint64_t walk_on(struct walk *walk);

/* Looks at a window in which only the primes of the interval stand, 2, 3 and 5 aside. False: no
 * further ones are wanted. */
typedef bool (*window_visitor)(void *closure, const struct area *window);

/* Sieves first ... last. False: there was not enough memory. */
bool eratosthenes(uint64_t first, uint64_t last, window_visitor visit, void *closure);

/* How long the windows are of a sieve up to the square of `root`. */
int64_t eratosthenes_window_bytes(uint64_t root);

#endif
