/* The rhythm of an agent: how long it sleeps before it looks again. Every look costs a core that
 * computes some 20 us, so an agent looks often only where somebody waits for it. Pure
 * arithmetic. */
#ifndef RANKPOOL_DISTRIB_POLL_INTERVAL_H
#define RANKPOOL_DISTRIB_POLL_INTERVAL_H

#include <stdbool.h>

/* How things stand with an agent after a step. */
struct poll_interval {
    bool moving;     /* messages or payloads are on their way */
    bool awaited;    /* a rank is idle, or all are done, until something comes */
    double lasts;    /* seconds for which the node has enough to do; INFINITY: nobody knows */
    bool dispatches; /* others may ask this agent for more, */
    double silence;  /* and nobody has for so many seconds */
};

/* Seconds to sleep. */
double rpi_poll_interval_sleep(const struct poll_interval *poll_interval);

#endif
