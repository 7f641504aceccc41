/* Parts: MPI counts in int, and libraries have stumbled over messages above 2 GiB, so what is
 * larger goes in parts. This is the only place that knows how large a part may be. */
#ifndef RANKPOOL_WORLD_PARTS_H
#define RANKPOOL_WORLD_PARTS_H

#include <stdint.h>

/* How many of `left` units of `size` bytes go in the next part: at least one, if any are left. */
int rpi_part(int64_t left, int64_t size);

#endif
