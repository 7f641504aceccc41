/* Fast decimal output of ascending numbers: neighbours share their first digits. */
#ifndef RANKPOOL_APPS_DIGITS_H
#define RANKPOOL_APPS_DIGITS_H

#include <stdint.h>

enum {
    MOST_DIGITS = 20,
    DIGITS_ROOM = 24 /* bytes that digits_put() may write to, for any number */
};

/* Initially zero. */
struct digits {
    uint64_t base;   /* the last number without its last eight digits */
    int length;      /* of `prefix`; 0: empty */
    char prefix[16]; /* the digits of `base` */
};

/* Writes a number, and returns the position behind it. */
char *digits_put(struct digits *digits, char *at, uint64_t number);

/* The number of digits. */
int digits_count(uint64_t number);

#endif
