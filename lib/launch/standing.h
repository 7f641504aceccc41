/* What a rank's death would mean. A rank that dies cannot say it, so it says it before, in a
 * page of memory that its supervisor sees: a store, wherever a call that survives deaths
 * begins or ends. */
#ifndef RANKPOOL_LAUNCH_STANDING_H
#define RANKPOOL_LAUNCH_STANDING_H

#include <stdatomic.h>
#include <stdbool.h>

enum standing {
    STANDING_NONE,        /* it has no pool */
    STANDING_NEEDED,      /* the others would wait for it for ever, or have nothing to go on for */
    STANDING_DISPENSABLE, /* the others would go on */
    STANDING_LEAVING      /* it has closed its pool after a death: nobody waits for it any more */
};

/* The page: written by the rank only (seq_cst). */
struct standing_page {
    _Atomic int standing;
};

/* Makes this rank's page. Returns a file to send to the supervisor, or -1. */
int rpi_standing_open(void);

/* Says how it stands. Without a page nobody wants to know. */
void rpi_standing_set(enum standing standing);

/* How this rank stands, as said last. */
enum standing rpi_standing(void);

/* For the supervisor: maps the page behind that file, or NULL. */
struct standing_page *rpi_standing_map(int file);

void rpi_standing_unmap(struct standing_page *page);

/* Do other ranks live on here when one has died? Launchers do that only where they are asked to.
 * For one pool, which says so when it is closed by all its ranks. */
bool rpi_launch_survives(void);
void rpi_launch_part(void);

#endif
