/* How far a node is, read from its board and its lanes' logs while they work. */
#ifndef RANKPOOL_OBSERVE_TALLY_H
#define RANKPOOL_OBSERVE_TALLY_H

#include "schedule/board.h"

struct tally {
    uint64_t done; /* units finished */
    uint32_t busy; /* lanes with a slice in hand */
};

/* `scratch` holds board->log_capacity spans. */
struct tally rpi_tally_read(struct board *board, struct span *scratch);

#endif
