/* The post over wires, where ranks are to survive others: places are ranks, and a payload has
 * arrived as a whole or not at all. What is expected from who is not there any more never comes:
 * see rpi_wired_forget(). */
#ifndef RANKPOOL_WORLD_WIRED_POST_H
#define RANKPOOL_WORLD_WIRED_POST_H

#include "world/wires.h"

struct wired_item;        /* that has come */
struct wired_expectation; /* of a payload */

struct wired_post {
    struct wires *wires; /* NULL: the post goes by MPI */
    size_t letter_bytes;
    struct wired_item *first, *last;
    struct wired_expectation *expected;
};

/* The post stays where it is until it is closed. */
void rpi_wired_open(struct wired_post *post, struct wires *wires, size_t letter_bytes);
void rpi_wired_close(struct wired_post *post);

/* As in world/post.h. */
void rpi_wired_letter(struct wired_post *post, int to, const void *letter);
void rpi_wired_payload(struct wired_post *post, int to, const void *memory, size_t bytes,
                       int *pending);
bool rpi_wired_expect(struct wired_post *post, int from, void *memory, size_t bytes, int *pending);
void rpi_wired_next(struct wired_post *post, int *from, void *letter);
bool rpi_wired_idle(const struct wired_post *post);

/* Expects nothing more from that rank: counts down what was pending. */
void rpi_wired_forget(struct wired_post *post, int from);

#endif
