/* Waiting for events on many file descriptors with epoll. */
#ifndef RANKPOOL_BASE_EVENT_LOOP_H
#define RANKPOOL_BASE_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor, and the function to call when it is ready. */
struct event_source {
    int file;
    void (*ready)(void *owner);
    void *owner;
};

/* Opens an empty set of sources. Returns its descriptor, or -1. */
int rpi_event_loop_open(void);

/* Adds a source, which must not move until rpi_event_loop_forget(). Returns false on failure. */
bool rpi_event_loop_watch_input(int events, struct event_source *source);
bool rpi_event_loop_watch_output(int events, struct event_source *source);
void rpi_event_loop_forget(int events, const struct event_source *source);

/* Waits up to `milliseconds` (-1: for ever) for an event, and handles one. Returns false on
 * timeout. Events come in the order in which they happened, so the first process to be lost is
 * reported first. */
bool rpi_event_loop_turn(int events, int milliseconds);

#endif
