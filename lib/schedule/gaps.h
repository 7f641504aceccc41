/* Gaps: which units nobody has. What is finished, what lies in ranges and what is in hand covers a
 * job; the rest is lost. Pure arithmetic. */
#ifndef RANKPOOL_SCHEDULE_GAPS_H
#define RANKPOOL_SCHEDULE_GAPS_H

#include "schedule/span.h"

/* A growing list of spans, which may overlap. */
struct cover {
    struct span *spans; /* owned */
    uint32_t count, capacity;
    bool short_of_memory; /* something could not be noted */
};

/* Notes that a span is covered; empty ones are fine. */
void rpi_cover_add(struct cover *cover, struct span span);

/* Finds the gaps of `whole`: stores the first `most` of them, lowest first, and returns how many
 * there are in all. Sorts the cover. */
uint32_t rpi_cover_gaps(struct cover *cover, struct span whole, struct span *gaps, uint32_t most);

void rpi_cover_end(struct cover *cover);

#endif
