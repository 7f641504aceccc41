/* Ranks whose mpirun is gone. They become children of the supervisor, so that it can end them even
 * if they have not said hello yet. */
#ifndef RANKPOOL_LAUNCH_ORPHANS_H
#define RANKPOOL_LAUNCH_ORPHANS_H

#include <stdbool.h>

/* Become the parent of descendants whose own parent has died, or not any more. */
void rpi_orphans_adopt(bool adopt);

/* Ends all children of this process at once, and theirs, and waits until they are gone. */
void rpi_orphans_end(void);

#endif
