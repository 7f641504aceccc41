/* Writing ascending numbers in digits, fast: neighbours share their first digits. */
#ifndef RANKPOOL_APPS_DIGITS_H
#define RANKPOOL_APPS_DIGITS_H

#include <stdint.h>

enum {
    MOST_DIGITS = 20,
    DIGITS_ROOM = 24 /* bytes that digits_put() may write to, whatever the number */
};

/* Zero at first. */
struct digits {
    uint64_t base;   /* the last number without its last eight digits */
    int length;      /* of what stands for it; 0: nothing does */
    char prefix[16]; /* that */
};

/* Writes a number, and returns the place behind it. */
char *digits_put(struct digits *digits, char *at, uint64_t number);

/* How many digits a number has. */
int digits_count(uint64_t number);

#endif
