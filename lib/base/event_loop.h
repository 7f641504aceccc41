/* Waiting for many files at once, asleep. */
#ifndef RANKPOOL_BASE_EVENT_LOOP_H
#define RANKPOOL_BASE_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* A file, and what to do when something can be done with it. */
struct event_source {
    int file;
    void (*ready)(void *owner);
    void *owner;
};

/* A new set of sources: a file, or -1. */
int rpi_event_loop_open(void);

/* Watches a source, which stays where it is, until it is forgotten. */
bool rpi_event_loop_watch_input(int events, struct event_source *source);
bool rpi_event_loop_watch_output(int events, struct event_source *source);
void rpi_event_loop_forget(int events, const struct event_source *source);

/* Waits for an event, no longer than so many milliseconds (-1: for ever), and handles that one.
 * False if the time went by without one. Events come in the order in which they happened: who is
 * lost first, is seen first. */
bool rpi_event_loop_turn(int events, int milliseconds);

#endif
