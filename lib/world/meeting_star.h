/* The meeting over the star, of nodes whose ranks survive: the root hears what all nodes have to
 * say, judges, and tells them. */
#ifndef RANKPOOL_WORLD_MEETING_STAR_H
#define RANKPOOL_WORLD_MEETING_STAR_H

#include "world/summary.h"

/* The verdict. For the rank that leads its node, which has this to say. */
struct verdict rpi_meet_over_star(struct meeting *meeting, struct summary summary);

#endif
