/* Elements of random shapes for tests of collectives, and a serial model that does not use MPI's
 * datatypes, only the positions of an element's bytes. */
#ifndef RANKPOOL_TESTS_ELEMENT_FORMS_H
#define RANKPOOL_TESTS_ELEMENT_FORMS_H

#include "suites.h"

enum {
    MOST_BASICS = 7
};

/* A layout of elements in memory: a number of basic values, each at its offset. Layouts may differ
 * between ranks for the same data. */
struct form {
    rp_element element;
    int basics, basic_size;
    int places[MOST_BASICS]; /* byte offset of each basic value, in the order of the type map */
    int extent;
};

/* The same numbers on every rank, so that all draw the same cases. */
void form_seed(uint64_t seed);
int form_random_below(int bound);

/* Plain bytes, or the same values on every rank, with a different layout on each unless
 * `same_layout`. */
struct form form_draw(bool same_layout);
void form_drop(struct form *form);

/* Bytes of memory for `count` elements. */
size_t form_bytes(const struct form *form, int64_t count);

/* Writes the elements first, first + 1 ...; if `filled` is false, only the bytes between and behind
 * them. */
void form_lay_out(const struct form *form, unsigned char *memory, int64_t first, int64_t count,
                  bool filled);

/* Allocates memory with these elements. */
unsigned char *form_buffer(const struct form *form, int64_t first, int64_t count, bool filled);

/* Checks that the elements are there and no other byte was changed. */
void form_check(const struct form *form, const unsigned char *memory, int64_t first, int64_t count,
                bool filled);

/* Fails with the pool's last error unless the call succeeded. */
void form_succeeded(rp_pool *pool, rp_status status);

#endif
