/* What a meeting makes of ranks that have died. */
#ifndef RANKPOOL_WORLD_MOURNING_H
#define RANKPOOL_WORLD_MOURNING_H

#include "world/summary.h"

/* Ranks that have died, and the one to name: the root, or else the lowest. */
struct toll {
    int count, rank; /* -1: all live */
};

void rpi_toll_add(struct toll *toll, const struct toll *more);

/* Of this node. */
struct toll rpi_toll_of_node(const struct meeting *meeting);

/* Is the root one of this node's, and has died? */
bool rpi_root_lost(const struct meeting *meeting);

/* The ranks cannot go on without this one. */
struct verdict rpi_verdict_all_over(int rank);

/* What a verdict becomes when somebody has died. */
struct verdict rpi_mourn(const struct meeting *meeting, const struct toll *toll, enum call call,
                         struct verdict verdict);

#endif
