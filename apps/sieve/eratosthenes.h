/* The sieve of Eratosthenes over an interval, window by window. */
#ifndef RANKPOOL_APPS_ERATOSTHENES_H
#define RANKPOOL_APPS_ERATOSTHENES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RESIDUES = 8
};

/* 1, 7, 11, 13, 17, 19, 23, 29: the residues of a byte's bits. */
extern const uint8_t residues[RESIDUES];

/* Bytes first ... first + size - 1 of all numbers; a bit is set if its number is struck out. */
struct area {
    uint64_t first;
    int64_t size;
    uint8_t *bytes;
};

/* An iteration over the numbers of an area that are not struck out. */
struct walk {
    const struct area *area;
    int64_t next_byte;
    uint64_t base;     /* 30 times the current byte */
    unsigned standing; /* its bits that are not struck out and not visited */
};

struct walk walk_from(const struct area *area);

/* The next number; 0 after the last. */
uint64_t walk_on(struct walk *walk);

/* Visits a window in which only the interval's primes remain, without 2, 3 and 5. False: no further
 * windows are needed. */
typedef bool (*window_visitor)(void *closure, const struct area *window);

/* Sieves first ... last. False: there was not enough memory. */
bool eratosthenes(uint64_t first, uint64_t last, window_visitor visit, void *closure);

/* The length of windows for a sieve up to the square of `root`. */
int64_t eratosthenes_window_bytes(uint64_t root);

#endif
